import { KeyRing } from './keys.js';
import { RefreshTokens } from './refresh-tokens.js';

const SESSION = '01890a5d-ac96-774b-bcce-b302099a8057';
const [FIRST, SECOND] = ['a first secret of 32 bytes or more', 'a second secret of 32 bytes or more'] as const;

const tokensOf = (...keys: string[]) =>
  new RefreshTokens(new KeyRing({ algorithm: 'HS256', keys, issuer: 'userhub', audience: 'userhub' }));

describe('RefreshTokens', () => {
  const claims = { sessionId: SESSION, counter: 7 };
  const token = tokensOf(FIRST).sign(claims);

  it('reads what it has signed', () => {
    expect(tokensOf(FIRST).verify(token)).toEqual(claims);
  });

  it('signs the same rotation alike, and another otherwise', () => {
    expect(tokensOf(FIRST).sign(claims)).toBe(token);
    expect(tokensOf(FIRST).sign({ ...claims, counter: 8 })).not.toBe(token);
  });

  it('reads what any of its keys has signed, and signs with the first', () => {
    expect(tokensOf(SECOND, FIRST).verify(token)).toEqual(claims);
    expect(tokensOf(FIRST, SECOND).sign(claims)).toBe(token);
  });

  it('reads nothing that another key has signed', () => {
    expect(tokensOf(SECOND).verify(token)).toBeUndefined();
  });

  it('reads no token with any of its characters changed', () => {
    const changed = Array.from(token, (character, i) => {
      const other = character === 'A' ? 'Q' : 'A'; // in the last one, a bit that counts
      return token.slice(0, i) + other + token.slice(i + 1);
    });
    expect(changed.filter((one) => tokensOf(FIRST).verify(one))).toEqual([]);
  });

  it.each(['', 'rt_', 'rt', `${token}A`, token.slice(0, -1), token.toUpperCase(), ` ${token}`, `rt_${'!'.repeat(70)}`])(
    'reads nothing out of %j',
    (text) => {
      expect(tokensOf(FIRST).verify(text)).toBeUndefined();
    },
  );
});

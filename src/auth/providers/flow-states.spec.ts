import type { JwtSettings } from '../../config/jwt-settings.js';
import type { TokenSettings } from '../../config/token-settings.js';
import { FlowStates } from './flow-states.js';

const [FIRST, SECOND] = ['a first secret of 32 bytes or more', 'a second secret of 32 bytes or more'] as const;
const statesOf = (...keys: string[]) =>
  new FlowStates({ jwt: { algorithm: 'HS256', keys, issuer: 'userhub', audience: 'userhub' } satisfies JwtSettings } as TokenSettings); // prettier-ignore

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const flow = { redirect: 3, challenge: CHALLENGE, state: 'their own' };

describe('the state of a flow', () => {
  const begun = statesOf(FIRST).begin('work', flow);

  it('says what there is to know, and computes the secrets again', () => {
    const { token, ...rest } = begun;
    expect(statesOf(FIRST).read('work', token)).toEqual(rest);
    expect(rest).toMatchObject(flow);
    expect(token).not.toContain(rest.nonce);
    expect(token).not.toContain(rest.verifier);
  });

  it.each([
    [{ ...flow, state: undefined }],
    [{ ...flow, state: '' }],
    [{ ...flow, state: 'ü & =' }],
    [{ ...flow, redirect: 0 }],
    [{ ...flow, redirect: 'http://localhost:5173/signed-in?x=ü' }],
  ])('carries %j', (one) => {
    expect(statesOf(FIRST).read('work', statesOf(FIRST).begin('work', one).token)).toMatchObject(one);
  });

  it('is short', () => {
    expect(begun.token.length).toBeLessThan(226);
  });

  it('outlives the replacement of the key, with the same secrets', () => {
    expect(statesOf(SECOND, FIRST).read('work', begun.token)).toMatchObject({
      nonce: begun.nonce,
      verifier: begun.verifier,
    });
    expect(statesOf(SECOND).read('work', begun.token)).toBeUndefined();
  });

  it('is none of another provider', () => {
    expect(statesOf(FIRST).read('other', begun.token)).toBeUndefined();
  });

  it('is none with any of its characters changed', () => {
    for (let at = 0; at < begun.token.length; at++) {
      const changed = begun.token.slice(0, at) + (begun.token[at] === 'A' ? 'B' : 'A') + begun.token.slice(at + 1);
      expect(statesOf(FIRST).read('work', changed)).toBeUndefined();
    }
  });
});

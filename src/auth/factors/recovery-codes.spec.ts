import { hashOfRecoveryCode, newRecoveryCodes, readRecoveryCode } from './recovery-codes.js';

const ADA = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('recovery codes', () => {
  it('are ten, all different, easy to write down', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  });

  it('are read as they were meant', () => {
    expect(readRecoveryCode(' 0oO1-iIlL  abcd-EFGH ')).toBe('00011111ABCDEFGH');
    expect(['', '0000-0000-0000-000', '0000-0000-0000-00000', 'uuuu-uuuu-uuuu-uuuu'].map(readRecoveryCode)).toEqual(
      Array<null>(4).fill(null),
    );
  });

  it('belong to one account', () => {
    const code = readRecoveryCode(newRecoveryCodes()[0] ?? '') ?? '';
    const other = ADA.replace('8057', '8058');
    expect(hashOfRecoveryCode(ADA, code)).not.toEqual(hashOfRecoveryCode(other, code));
    expect(hashOfRecoveryCode(ADA, code)).toHaveLength(32);
  });
});

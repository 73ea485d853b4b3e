import { TOTP } from 'otpauth';
import { base32, isTotpCode, newTotpSecret, otpauthUri, stepOf, totpCode } from './totp.js';

const RFC_SECRET = Buffer.from('12345678901234567890');

describe('TOTP', () => {
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('computes the vectors of RFC 6238 at %i s', (time, code) => {
    expect(totpCode(RFC_SECRET, Math.floor(time / 30))).toBe(code);
  });

  it('computes and spells what another implementation does', () => {
    for (let i = 0; i < 500; i++) {
      const secret = newTotpSecret();
      const other = new TOTP({ secret: base32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
      const timestamp = Math.floor(Math.random() * 4e12);
      expect(totpCode(secret, Math.floor(timestamp / 30_000))).toBe(other.generate({ timestamp }));
    }
  });

  it('takes the steps right before and after now, and no others', () => {
    const now = 1_700_000_015_000;
    const step = Math.floor(now / 30_000);
    const told = [-2, -1, 0, 1, 2].map((offset) => stepOf(totpCode(RFC_SECRET, step + offset), RFC_SECRET, now));
    expect(told).toEqual([null, step - 1, step, step + 1, null]);
  });

  it('drops spaces, and takes nothing else for digits', () => {
    const now = Date.now();
    const code = totpCode(RFC_SECRET, Math.floor(now / 30_000));
    expect(stepOf(` ${code.slice(0, 3)} ${code.slice(3)}\n`, RFC_SECRET, now)).not.toBeNull();
    expect(['', '12345', '1234567', '１２３４５６', 'abcdef'].map((typed) => stepOf(typed, RFC_SECRET, now))).toEqual(
      Array<null>(5).fill(null),
    );
    expect(['123 456', '12345', '１２３４５６', '123456\n'].map(isTotpCode)).toEqual([true, false, false, true]);
  });

  it('says to apps what they need, whatever is in the names', () => {
    const uri = otpauthUri(RFC_SECRET, { issuer: 'A & B: C', account: 'ada+x@example.com' });
    expect(uri).toBe(
      'otpauth://totp/A%20%26%20B%20C:ada%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%20%26%20B%20C&algorithm=SHA1&digits=6&period=30',
    );
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { TokenSettings } from '../config/token-settings.js';
import type { AppUrl } from './app-url.js';
import { LINK_PURPOSES, MailLinks, spaced } from './links.js';

const OLD = 'the old secret of the ring, more than 32 bytes long';
const NEW = 'the new secret of the ring, more than 32 bytes long';

const linksWith = (...keys: string[]) =>
  new MailLinks(
    {
      jwt: { algorithm: keys[0]?.startsWith('-----') ? 'EdDSA' : 'HS256', keys, issuer: '', audience: '' },
    } as TokenSettings,
    { page: (path: string) => `https://app.example.com${path}` } as AppUrl,
  );

describe('links and codes', () => {
  const links = linksWith(NEW);
  const id = uuidv7();

  it.each(LINK_PURPOSES)('%s: a token of 67 characters that tells purpose and challenge', (purpose) => {
    const token = links.token(purpose, id);
    expect(token).toMatch(/^(ev|pr|ec|er|iv|ur)_[\w-]{64}$/);
    expect(links.read(token)).toEqual({ purpose, challengeId: id });
    expect(links.token(purpose, id)).toBe(token);
  });

  it('keep the token in the fragment of the page', () => {
    expect(links.url('verify', id)).toBe(`https://app.example.com/verify-email#token=${links.token('verify', id)}`);
    expect(LINK_PURPOSES.map((purpose) => new URL(links.url(purpose, id)).pathname)).toEqual([
      '/verify-email',
      '/reset-password',
      '/confirm-email-change',
      '/revert-email-change',
      '/accept-invitation',
      '/restore-account',
    ]);
  });

  it('are nothing with another prefix, a changed character, a piece cut off or added', () => {
    const token = links.token('verify', id);
    const other = token.at(-1) === 'A' ? 'B' : 'A';
    const forged = [
      token.replace('ev_', 'pr_'),
      token.replace('ev_', 'rt_'),
      token.slice(0, -1) + other,
      token.slice(0, 10) + (token[10] === 'A' ? 'B' : 'A') + token.slice(11),
      token.slice(0, -1),
      `${token}A`,
      `${token}\n`,
      token.toUpperCase(),
      token.replaceAll('_', '/'),
      'ev_',
      '',
    ];
    for (const text of forged) expect(links.read(text === token ? '' : text)).toBeUndefined();
  });

  it('outlive the rotation of the key, in both directions of the ring', () => {
    const before = linksWith(OLD);
    const after = linksWith(NEW, OLD);
    expect(after.read(before.token('reset', id))).toEqual({ purpose: 'reset', challengeId: id });
    expect(after.isCode(id, before.code(id))).toBe(true);
    expect(after.token('reset', id)).toBe(linksWith(NEW).token('reset', id));
    expect(linksWith(NEW).read(before.token('reset', id))).toBeUndefined();
  });

  it('work with asymmetric keys, of which the public halves derive nothing', () => {
    const pair = generateKeyPairSync('ed25519');
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const asymmetric = linksWith(pem, other);
    expect(asymmetric.read(asymmetric.token('invite', id))).toEqual({ purpose: 'invite', challengeId: id });
    expect(() => linksWith(other).token('invite', id)).toThrow(TypeError);
  });

  it('come with six digits, however they are typed', () => {
    const code = links.code(id);
    expect(code).toMatch(/^\d{6}$/);
    expect(spaced(code)).toMatch(/^\d{3} \d{3}$/);
    const fullWidth = code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
    const typed = [code, spaced(code), ` ${code.slice(0, 2)}-${code.slice(2)} `, code.split('').join(' '), fullWidth];
    for (const text of typed) expect(links.isCode(id, text)).toBe(true);
    const wrong = String((Number(code) + 1) % 1e6).padStart(6, '0');
    for (const text of [wrong, code.slice(1), `${code}0`, '', 'abcdef', `é${code.slice(1)}`]) {
      expect(links.isCode(id, text)).toBe(false);
    }
  });

  it('are refused by their length before they are normalised, which takes 0.4 s for so many combining marks', () => {
    const before = process.cpuUsage();
    expect(links.isCode(id, '\u0301\u0316'.repeat(15_000))).toBe(false);
    expect(process.cpuUsage(before).user).toBeLessThan(60_000); // microseconds
  });

  it('spread evenly over all codes', () => {
    const codes = Array.from({ length: 3000 }, () => Number(links.code(uuidv7())));
    const mean = codes.reduce((sum, code) => sum + code, 0) / codes.length;
    expect(Math.abs(mean - 499_999.5)).toBeLessThan(30_000);
    expect(new Set(codes).size).toBeGreaterThan(2950);
  });
});

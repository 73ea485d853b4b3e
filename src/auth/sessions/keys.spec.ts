import { generateKeyPairSync } from 'node:crypto';
import type { JwtAlgorithm } from '../../config/jwt-settings.js';
import { KeyRing } from './keys.js';

const ring = (algorithm: JwtAlgorithm, ...keys: string[]) =>
  new KeyRing({ algorithm, keys, issuer: 'userhub', audience: 'userhub' });

const pem = (namedCurve = 'P-256') => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    sec1: privateKey.export({ type: 'sec1', format: 'pem' }) as string,
    spki: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
};

describe('KeyRing', () => {
  const [old, fresh] = ['an old secret of 32 bytes or more', 'a fresh secret of 32 bytes or more'] as const;

  it('signs with the first key and verifies with all', () => {
    const both = ring('HS256', fresh, old);
    expect(both.current.id).toBe(ring('HS256', fresh).current.id);
    expect(both.find(ring('HS256', old).current.id)).toBe(both.keys[1]);
  });

  it('finds a key by its exact name, and the current one without', () => {
    const both = ring('HS256', fresh, old);
    expect(both.find(undefined)).toBe(both.current);
    expect(['', '__proto__', both.current.id.slice(0, -1), `${both.current.id} `].map((id) => both.find(id))).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('publishes no secret', () => {
    expect(ring('HS256', fresh).jwks).toEqual([]);
  });

  it('publishes the public half of pairs, and only that', () => {
    const { pkcs8, spki } = pem();
    expect(ring('ES256', pkcs8).jwks).toEqual([
      { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String), kid: expect.any(String), use: 'sig', alg: 'ES256' }, // prettier-ignore
    ]);
    expect(ring('ES256', pem().pkcs8, spki).jwks).toHaveLength(2);
  });

  it('names a pair alike, whichever half it is given and however that is written', () => {
    const { pkcs8, sec1, spki } = pem();
    const { id, refresh } = ring('ES256', pkcs8).current;
    expect(ring('ES256', sec1).current.id).toBe(id);
    expect(ring('ES256', sec1).current.refresh.equals(refresh)).toBe(true);
    expect(ring('ES256', pem().pkcs8, spki).keys[1]).toMatchObject({ id, sign: undefined, refresh: undefined });
  });

  it('holds keys of several algorithms, each for its own', () => {
    const [ec, ed] = [pem().pkcs8, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })];
    const mixed = ring('HS256', old, ec, ed as string);
    expect(mixed.keys.map(({ algorithm }) => algorithm)).toEqual(['HS256', 'ES256', 'EdDSA']);
    expect(mixed.current.algorithm).toBe('HS256');
    expect(mixed.jwks).toMatchObject([{ alg: 'ES256' }, { alg: 'EdDSA' }]);
    expect(ring('ES256', ec, old).find(mixed.current.id)).toMatchObject({ algorithm: 'HS256' });
    expect(() => ring('EdDSA', ec, ed as string)).toThrow('the first key is not one for EdDSA');
  });

  it.each([
    ['a key of another curve', pem('P-384').pkcs8],
    ['a public half alone', pem().spki],
    ['no key', 'a secret of 32 bytes or more, which is no PEM'],
  ])('refuses %s', (_, key) => {
    expect(() => ring('ES256', key)).toThrow(/^JWT_SECRET_KEY: /);
  });
});

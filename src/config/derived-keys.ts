import { createPrivateKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { isPem, type JwtSettings } from './jwt-settings.js';

/**
 * Keys for one purpose, derived by HKDF-SHA256 from each secret of the key ring: the first makes new values, and all of them
 * verify, so that rotating JWT_SECRET_KEY invalidates nothing. Public keys are skipped.
 * @param info names the purpose; a key derived for one says nothing about the key for another
 */
export const derivedKeys = ({ keys }: JwtSettings, info: string): KeyObject[] =>
  keys
    .map(secretIn)
    .filter((secret) => secret !== undefined)
    .map((secret) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, 32))));

function secretIn(key: string): Buffer | undefined {
  if (!isPem(key)) return Buffer.from(key, 'utf8');
  if (!key.includes('PRIVATE KEY')) return undefined;
  return createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
}

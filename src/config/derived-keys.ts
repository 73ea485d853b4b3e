import { createPrivateKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { JwtSettings } from './jwt-settings.js';

/**
 * Keys for one purpose, derived by HKDF-SHA256 from each secret of the key ring: the first is the one to make new values
 * with, all of them verify, so that rotating JWT_SECRET_KEY breaks nothing that is under way. Public keys derive nothing.
 * @param info names the purpose; a key derived for one says nothing about the key for another
 */
export function derivedKeys({ algorithm, keys }: JwtSettings, info: string): KeyObject[] {
  const secrets =
    algorithm === 'HS256'
      ? keys.map((key) => Buffer.from(key, 'utf8'))
      : keys
          .filter((key) => key.includes('PRIVATE KEY'))
          .map((key) => createPrivateKey(key).export({ format: 'der', type: 'pkcs8' }));
  return secrets.map((secret) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, 32))));
}

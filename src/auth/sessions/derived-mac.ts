import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { KeyRing, SigningKey } from './keys.js';

/** Length of a MAC in bytes. */
export const MAC_BYTES = 32;

/**
 * HMAC-SHA-256 under keys that are derived (HKDF) from the key ring for one purpose, so that a MAC made for one purpose is
 * invalid for all others. The ring's first key signs, and all of them verify.
 */
export class DerivedMac {
  private readonly keys: KeyObject[];
  private readonly current: KeyObject;

  /** @param purpose the `info` of HKDF; no two uses may share one */
  constructor(ring: KeyRing, purpose: string) {
    this.keys = ring.keys.flatMap((key) => derivedKey(key, purpose) ?? []);
    this.current = this.keys[0] as KeyObject; // the ring's first key can always sign
  }

  /** The MAC of these bytes. */
  of(...parts: Uint8Array[]): Buffer {
    return mac(this.current, parts);
  }

  /** Whether it is the MAC of these bytes, under any key of the ring. */
  holds(code: Uint8Array, ...parts: Uint8Array[]): boolean {
    return code.length === MAC_BYTES && this.keys.some((key) => timingSafeEqual(code, mac(key, parts)));
  }
}

function mac(key: KeyObject, parts: Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Undefined for a retired key of which only the public half is left. */
function derivedKey({ sign }: SigningKey, purpose: string): KeyObject | undefined {
  if (!sign) return undefined;
  const secret = sign.type === 'secret' ? sign.export() : sign.export({ format: 'der', type: 'pkcs8' });
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)));
}

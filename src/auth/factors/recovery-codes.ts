import { createHash, randomBytes } from 'node:crypto';
import { parse } from 'uuid';

/** How many recovery codes an account gets. */
const RECOVERY_CODES = 10;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'; // base 32 without I, L, O and U
const LENGTH = 16; // 80 bits
const CODE = new RegExp(`^[${CROCKFORD}]{${LENGTH}}$`);

/** New recovery codes, as `xxxx-xxxx-xxxx-xxxx`. */
export const newRecoveryCodes = (): string[] => Array.from({ length: RECOVERY_CODES }, newCode);

// 256 is a multiple of 32, so a byte modulo 32 is uniformly distributed
const newCode = () =>
  Array.from(randomBytes(LENGTH), (byte) => CROCKFORD[byte % 32])
    .join('')
    .toLowerCase()
    .replaceAll(/.{4}(?=.)/g, '$&-');

/**
 * Normalizes a typed recovery code; null when it can't be one. Case, spaces, hyphens and letters mistaken for digits don't
 * matter.
 */
export function readRecoveryCode(text: string): string | null {
  const code = text.replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return CODE.test(code) ? code : null;
}

/**
 * The stored hash of a recovery code. SHA-256 suffices, as nobody can try 2^80 codes; and it takes no key, so the codes
 * outlive a lost DATA_ENCRYPTION_KEY. @param code as `readRecoveryCode` returns it
 */
export const hashOfRecoveryCode = (userId: string, code: string): Buffer =>
  createHash('sha256').update(parse(userId)).update(code).digest();

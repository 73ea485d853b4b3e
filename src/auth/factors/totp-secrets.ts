import type { Sealer } from '../sessions/sealer.js';

/** What the secret of an authenticator app is sealed for: an account, so that it doesn't open in another's row. */
export const totpContext = (userId: string): string => `totp|${userId}`;

/** Whether the secret can be decrypted with the keys that there are. */
export const isTotpOpen = (sealer: Sealer, userId: string, sealed: Buffer): boolean =>
  sealer.open(sealed, totpContext(userId)) !== null;

import type { Sealer } from '../sessions/sealer.js';

/** The encryption context of a secret: its account, so that it can't be decrypted in another's row. */
export const totpContext = (userId: string): string => `totp|${userId}`;

/** Whether the secret can be decrypted with the keys that there are. */
export const isTotpOpen = (sealer: Sealer, userId: string, sealed: Buffer): boolean =>
  sealer.open(sealed, totpContext(userId)) !== null;

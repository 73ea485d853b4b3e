import type { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { Signing } from '../webhooks/signing.js';
import { KEYS_IN_USE } from '../webhooks/webhooks.statements.js';
import { bad, type Finding, good } from './findings.js';

/** Whether every webhook can be signed: the key that its secret is derived from must still be in JWT_SECRET_KEY. */
export async function examineWebhooks(db: DataSource, settings: Settings): Promise<Finding[]> {
  const signing = new Signing(settings.tokens);
  const webhooks = await db.query<{ url: string; keyId: string }[]>(KEYS_IN_USE);
  if (!webhooks.length) return [];
  const unsigned = webhooks.filter(({ keyId }) => !signing.has(keyId));
  if (!unsigned.length) return [good(`${webhooks.length} webhooks can be signed.`)];
  return unsigned.map(({ url }) =>
    bad(
      `The webhook to ${url} can't be signed: the key of its secret has left JWT_SECRET_KEY.`,
      'Put the key back at the end of the list, or rotate the secret: POST /api/webhooks/{id}/rotate-secret',
    ),
  );
}

import type { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { Signing } from '../webhooks/signing.js';
import { STANDING } from '../webhooks/webhooks.statements.js';
import { bad, doubtful, type Finding, good } from './findings.js';

/** The state of a webhook. */
interface Standing {
  url: string;
  keyId: string;
  isActive: boolean;
  disabledReason: string | null;
  failingSince: Date | null;
  /** Deliveries that aren't retried any more. */
  dead: number;
}

/** Whether all webhooks can be signed (the key that their secret is derived from must be in JWT_SECRET_KEY), and arrive. */
export async function examineWebhooks(db: DataSource, { tokens }: Settings): Promise<Finding[]> {
  const signing = new Signing(tokens);
  const webhooks = await db.query<Standing[]>(STANDING);
  const active = webhooks.filter(({ isActive }) => isActive);
  const unsigned = active.filter(({ keyId }) => !signing.has(keyId));
  const signed = active.length && !unsigned.length ? [good(`${active.length} webhooks can be signed.`)] : [];
  return [...signed, ...unsigned.map(unsignable), ...webhooks.flatMap(troubleOf)];
}

const unsignable = ({ url }: Standing): Finding =>
  bad(
    `The webhook to ${url} can't be signed: the key of its secret has left JWT_SECRET_KEY.`,
    'Put the key back at the end of the list, or rotate the secret: POST /api/webhooks/{id}/rotate-secret',
  );

/** Findings about deliveries; a webhook that an admin has switched off is no problem. */
function troubleOf({ url, isActive, disabledReason, failingSince, dead }: Standing): Finding[] {
  const since = failingSince?.toISOString();
  return [
    ...(!isActive && disabledReason !== null
      ? [
          doubtful(
            `The webhook to ${url} is switched off: ${disabledReason}`,
            'Mend it, then PATCH /api/webhooks/{id} with is_active: true, and replay what it has missed.',
          ),
        ]
      : []),
    ...(isActive && since
      ? [doubtful(`The webhook to ${url} has failed since ${since}.`, 'After five days of it, it is switched off.')]
      : []),
    ...(dead ? [doubtful(`${dead} deliveries to ${url} are dead.`, 'Send them again: POST /api/webhooks/{id}/replay')] : []), // prettier-ignore
  ];
}

import { ALIVE } from '../sessions/sessions.statements.js';
import type { Sealer } from '../sessions/sealer.js';

/** Runs a query, on whatever connection there is. */
export type Read = <Row extends object>(text: string, values: unknown[]) => Promise<Row[]>;

const WITHOUT_FACTOR = `
  SELECT count(*)::int AS count FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE ${ALIVE} AND u.mfa_enabled AND NOT 'mfa' = ANY(s.amr) AND NOT ('rba' = ANY(s.amr) AND EXISTS (
    SELECT FROM remembered_devices d
    WHERE d.id = s.device_id AND d.user_id = s.user_id AND d.generation = u.session_generation))`;

/** Number of living sessions without a second factor whose account has one: always 0. */
export async function countSessionsWithoutFactor(read: Read): Promise<number> {
  const [row] = await read<{ count: number }>(WITHOUT_FACTOR, []);
  return row?.count ?? 0;
}

const SEALED = `
  SELECT count(*)::int AS count FROM totp_factors WHERE encode(substring(secret FROM 1 FOR 4), 'hex') <> ALL($1::text[])`;

/** Number of authenticator apps whose secret can't be decrypted, as its key is missing. */
export async function countLostApps(read: Read, { keyIds }: Pick<Sealer, 'keyIds'>): Promise<number> {
  const [row] = await read<{ count: number }>(SEALED, [keyIds]);
  return row?.count ?? 0;
}

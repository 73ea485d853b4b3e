import { recorded } from '../../../audit/recorded.js';
import { statement } from '../../../database/statement.js';
import { timeAs } from '../../../users/personal-data/personal-data.js';
import { type Proof, REMEMBERED } from '../../sessions/proof.js';
import type { RememberedDevice } from './remembered-device.entity.js';

export type DeviceRow = Pick<RememberedDevice, 'id' | 'ip' | 'userAgent' | 'createdAt' | 'lastUsedAt' | 'expiresAt'>;

const MS = `interval '1 millisecond'`;

/** $1 id, $2 user, $3 their generation when the second factor was shown, $4 ip, $5 user agent, $6 milliseconds. */
export const REMEMBER = recorded({
  name: 'devices.remember',
  change: `INSERT INTO remembered_devices (id, user_id, generation, ip, user_agent, expires_at)
    SELECT $1, u.id, u.session_generation, $4, $5, now() + $6::bigint * ${MS} FROM users u
    WHERE u.id = $2 AND u.session_generation = $3 AND u.is_active AND u.deleted_at IS NULL
    RETURNING id, user_id AS "userId"`,
  events: [{ action: 'device_remembered', userId: '"userId"', actorId: '"userId"' }],
});

/** Whether device `d` of user `u` is still remembered. */
const HOLDS = 'd.generation = u.session_generation AND d.expires_at > now()';

export const LIST = statement(
  'devices.list',
  `SELECT d.id, d.ip, d.user_agent AS "userAgent", d.created_at AS "createdAt", d.last_used_at AS "lastUsedAt",
     d.expires_at AS "expiresAt"
   FROM remembered_devices d JOIN users u ON u.id = d.user_id WHERE d.user_id = $1 AND ${HOLDS} ORDER BY d.id DESC`,
);

/** All devices of a user, for the export of their data. */
export const OWN = {
  shown: `jsonb_build_object('id', id, ${timeAs('created_at')}, ${timeAs('last_used_at')}, ${timeAs('expires_at')},
    'ip', ip, 'user_agent', user_agent)`,
  from: 'remembered_devices',
  where: 'user_id = $',
};

/** Forgets one device, or all of them ($2 null), and ends the sessions that were started with them. */
export const FORGET = recorded({
  name: 'devices.forget',
  before: [
    `forgotten AS (DELETE FROM remembered_devices WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) RETURNING id)`,
    `ended AS (
      UPDATE sessions s SET ended_at = now() FROM forgotten WHERE s.device_id = forgotten.id AND s.ended_at IS NULL)`,
  ],
  change: `SELECT count(*)::int AS count FROM forgotten HAVING count(*) > 0`,
  events: [
    {
      action: 'device_forgotten',
      userId: '$1',
      details: `jsonb_strip_nulls(jsonb_build_object('device_id', $2::uuid))`,
    },
  ],
});

/**
 * CTEs of "sign out everywhere", over `change`: all devices are forgotten. The row of the device behind the session that
 * stays ($2) is kept, expired, as the session refers to it.
 */
export const FORGOTTEN_WITH_ALL = [
  `forgotten AS (
    DELETE FROM remembered_devices d USING change WHERE d.user_id = change.id
      AND NOT EXISTS (SELECT FROM sessions s WHERE s.id = $2 AND s.device_id = d.id))`,
  `faded AS (
    UPDATE remembered_devices d SET expires_at = now() FROM change, sessions s
    WHERE s.id = $2 AND d.id = s.device_id AND d.user_id = change.id AND d.expires_at > now())`,
];

export const PURGED_AT_ONCE = 1000;

/** Deletes devices that expired longer ago than `$1` milliseconds, the longest life of a session: a session that a device let in may outlive it. */
export const PURGE = statement(
  'devices.purge',
  `DELETE FROM remembered_devices WHERE id IN (
     SELECT id FROM remembered_devices WHERE expires_at < now() - $1::bigint * ${MS} LIMIT ${PURGED_AT_ONCE} FOR UPDATE SKIP LOCKED)
   RETURNING id`,
);

/** Consumes nothing: the device replaces its user's second factor any number of times until it expires. */
export const deviceProof = (deviceId: string): Proof => ({
  name: REMEMBERED,
  sql: (n) => `UPDATE remembered_devices d SET last_used_at = now()
    FROM u WHERE d.id = $${n} AND d.user_id = u.id AND d.generation = u.session_generation AND d.expires_at > now()
    RETURNING d.id AS device_id`,
  values: [deviceId],
});

import { isLiving } from './challenge-ctes.js';

/** CTEs for the challenges of invitations, which belong to no account yet. */

/** Opens a challenge for each invitation in `from`, or reuses the existing one; an expired one is cancelled first. */
export const openingInvitation = ({ from, id }: { from: string; id: string }) =>
  `challenge_stale AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM ${from} i
     WHERE c.invitation_id = i.id AND c.cancelled_at IS NULL AND c.expires_at <= now() RETURNING c.id),
   challenge AS (
     INSERT INTO mail_challenges AS c (id, purpose, invitation_id, email, expires_at)
     SELECT ${id}, 'invite', i.id, i.email, i.expires_at FROM ${from} i
     WHERE (SELECT count(*) FROM challenge_stale) >= 0 -- after it, as its rows are in the index until then
     ON CONFLICT (invitation_id) WHERE cancelled_at IS NULL DO UPDATE SET sent = least(c.sent + 1, 32767)
     RETURNING c.id, c.invitation_id, c.email, c.expires_at)`;

/** Consumes the challenge of an invitation, if it is valid. The CTE is `used`. */
export const usingInvitation = (id: string) =>
  `used AS (
     UPDATE mail_challenges c SET used_at = now()
     WHERE c.id = ${id} AND c.purpose = 'invite' AND ${isLiving('c')} RETURNING c.id, c.invitation_id, c.email)`;

/** Cancels the challenges of the invitations in `from`. */
export const cancellingInvitation = (from: string) =>
  `cancelled AS (
     UPDATE mail_challenges c SET cancelled_at = now() FROM ${from} i
     WHERE c.invitation_id = i.id AND c.used_at IS NULL AND c.cancelled_at IS NULL RETURNING c.id)`;

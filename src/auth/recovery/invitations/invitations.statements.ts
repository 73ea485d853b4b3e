import { recorded } from '../../../audit/recorded.js';
import { statement } from '../../../database/statement.js';
import { hasVersion } from '../../../lists/conditions.js';
import { timeAs } from '../../../users/personal-data/personal-data.js';
import { cancellingInvitation, usingInvitation } from '../../../users/addresses/invitation-challenge-ctes.js';

export const IS_OPEN = 'i.accepted_at IS NULL AND i.revoked_at IS NULL';

export const STATE = `CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
  WHEN i.expires_at <= now() THEN 'expired' ELSE 'open' END`;

export const COLUMNS = `i.id, i.email, i.role, i.username, i.display_name AS "displayName", i.invited_by AS "invitedBy",
  i.created_at AS "createdAt", i.expires_at AS "expiresAt", i.accepted_at AS "acceptedAt", i.revoked_at AS "revokedAt",
  i.version, ${STATE} AS state`;

/** The latest mail of an invitation: an address has at most one open invitation at a time. */
export const MAIL = `(
  SELECT jsonb_build_object('state', o.state, 'last_error', o.last_error) FROM outbox o
  WHERE o.recipient = i.email AND o.kind = 'invitation' AND o.created_at >= i.created_at
  ORDER BY o.created_at DESC LIMIT 1) AS mail`;

export const BY_ID = statement('invitations.by_id', `SELECT ${COLUMNS}, ${MAIL} FROM invitations i WHERE i.id = $1`);

export const OPEN_FOR = statement(
  'invitations.open_for',
  `SELECT i.id FROM invitations i WHERE i.email = $1 AND ${IS_OPEN}`,
);

export const OFFER = statement(
  'invitations.offer',
  `SELECT ${COLUMNS}, i.locale, coalesce(u.display_name, u.username) AS "inviterName"
   FROM invitations i LEFT JOIN users u ON u.id = i.invited_by WHERE i.id = $1`,
);

export const DETAILS = `jsonb_build_object('invitation_id', invitation_id, 'role', role)`;

export const REVOKE = recorded({
  name: 'invitations.revoke',
  change: `UPDATE invitations i SET revoked_at = now(), version = i.version + 1
    WHERE i.id = $1 AND ${IS_OPEN} AND ${hasVersion('$2')} RETURNING i.id, i.id AS invitation_id, i.role`,
  also: [cancellingInvitation('change')],
  events: [{ action: 'invitation_revoked', userId: 'NULL::uuid', details: DETAILS }],
});

/** For the owner of an account: raises the role, never lowers it. */
export const JOIN = recorded({
  name: 'invitations.join',
  before: [
    usingInvitation('$1'),
    `invitation AS (
       UPDATE invitations i SET accepted_at = now(), accepted_by = u.id, version = i.version + 1
       FROM used JOIN users u ON u.id = $2 AND u.email = used.email AND u.email_verified_at IS NOT NULL
       WHERE i.id = used.invitation_id AND ${IS_OPEN} RETURNING i.id, i.role)`,
    `promoted AS (
       UPDATE users u SET role = invitation.role, updated_at = now(), version = u.version + 1
       FROM invitation WHERE u.id = $2 AND u.role <> 'admin' AND u.role <> invitation.role RETURNING u.id)`,
  ],
  change:
    'SELECT $2::uuid AS id, id AS invitation_id, role, (SELECT count(*) FROM promoted) > 0 AS is_new FROM invitation',
  events: [
    { action: 'invitation_accepted', details: DETAILS },
    { action: 'role_changed', when: 'is_new', details: `jsonb_build_object('role', role)` },
  ],
});

/** Invitations that a user made or accepted, for the export of their data. */
export const OWN = {
  shown: `jsonb_build_object('id', id, 'email', email, 'role', role, 'username', username, 'display_name', display_name,
    'message', message, 'invited_by', invited_by, 'accepted_by', accepted_by, ${timeAs('created_at')},
    ${timeAs('expires_at')}, ${timeAs('accepted_at')}, ${timeAs('revoked_at')})`,
  from: 'invitations',
  where: 'accepted_by = $ OR invited_by = $',
};

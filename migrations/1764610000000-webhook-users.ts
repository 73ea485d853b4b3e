import type { MigrationInterface, QueryRunner } from 'typeorm';
import { UUID_V7 } from '../src/database/uuid-v7.js';

/** Of which security events receivers are told, and by what name. */
const TYPES: [action: string, type: string][] = [
  ['register', 'user.created'],
  ['user_created', 'user.created'],
  ['user_imported', 'user.created'],
  ['invitation_accepted', 'user.created'],
  ['user_updated', 'user.updated'],
  ['user_deleted', 'user.deleted'],
  ['user_restored', 'user.restored'],
  ['user_purged', 'user.purged'],
  ['user_activated', 'user.activated'],
  ['user_deactivated', 'user.deactivated'],
  ['email_verified', 'user.email_verified'],
  ['email_changed', 'user.email_changed'],
  ['password_changed', 'user.password_changed'],
  ['password_reset', 'user.password_changed'],
  ['role_changed', 'user.role_changed'],
  ['login', 'session.created'],
  ['logout', 'session.ended'],
  ['sessions_ended', 'session.ended'],
  ['invitation_created', 'invitation.created'],
  ['invitation_accepted', 'invitation.accepted'],
  ['invitation_revoked', 'invitation.revoked'],
];

const utc = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The user as webhooks have told of them so far. */
const BEFORE = `jsonb_build_object(
  'id', u.id, 'email', u.email, 'email_verified', u.email_verified_at IS NOT NULL, 'username', u.username,
  'display_name', u.display_name, 'profile_picture_url', u.profile_picture_url, 'role', u.role, 'is_active', u.is_active,
  'locale', u.locale, 'created_at', ${utc('u.created_at')}, 'updated_at', ${utc('u.updated_at')},
  'deleted_at', ${utc('u.deleted_at')}, 'last_login_at', ${utc('u.last_login_at')})`;

/** The user as the API shows them to admins, with every member. */
const AFTER = `${BEFORE} || jsonb_build_object(
  'has_password', u.password_hash IS NOT NULL, 'mfa_enabled', u.mfa_enabled, 'mfa_required', u.mfa_required,
  'pending_email', CASE WHEN u.email_verified_at IS NOT NULL THEN (
    SELECT c.email FROM mail_challenges c
    WHERE c.user_id = u.id AND c.purpose = 'change' AND c.used_at IS NULL AND c.cancelled_at IS NULL
      AND c.expires_at > now() AND c.generation = u.session_generation) END)`;

/** What of the user an event of its own kind is about. */
const CHANGED = `CASE e.type
  WHEN 'user.updated' THEN to_jsonb(string_to_array(coalesce(e.details->>'changed', ''), ','))
  WHEN 'user.activated' THEN '["is_active"]' WHEN 'user.deactivated' THEN '["is_active"]'
  WHEN 'user.email_verified' THEN '["email_verified"]' WHEN 'user.email_changed' THEN '["email"]'
  WHEN 'user.password_changed' THEN '["password"]' WHEN 'user.role_changed' THEN '["role"]' END`;

/** What receivers of webhooks are told about a user has the members that admins see, factors and pending address too. */
export class WebhookUsers1764610000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(emitting(AFTER));
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(emitting(BEFORE));
  }
}

const emitting = (user: string) => `
      CREATE OR REPLACE FUNCTION emit_webhook_events() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NOT EXISTS (SELECT FROM webhooks WHERE is_active) THEN
          RETURN NULL;
        END IF;
        WITH e AS (
          SELECT ${UUID_V7} AS id, t.type, r.at, r.actor_id, r.user_id, r.details
          FROM recorded r
          JOIN (VALUES ${TYPES.map(([action, type]) => `('${action}', '${type}')`).join(', ')}) AS t (action, type)
            ON t.action = r.action
          WHERE r.outcome = 'success' AND EXISTS (
            SELECT FROM webhooks w WHERE w.is_active AND webhook_wants(w.events, t.type))),
        stored AS (
          INSERT INTO webhook_events (id, type, user_id, body)
          SELECT e.id, e.type, e.user_id, jsonb_build_object(
            'type', e.type,
            'timestamp', ${utc('e.at')},
            'data', jsonb_strip_nulls(jsonb_build_object(
                'version', u.version, 'changed', ${CHANGED}, 'session_id', e.details->'session_id',
                'invitation_id', e.details->'invitation_id', 'email', e.details->'email'))
              || jsonb_build_object('actor_id', e.actor_id)
              || CASE WHEN u.id IS NOT NULL THEN jsonb_build_object('user', ${user})
                 WHEN e.user_id IS NOT NULL THEN jsonb_build_object('user', jsonb_build_object('id', e.user_id))
                 ELSE '{}' END)::text
          FROM e LEFT JOIN users u ON u.id = e.user_id
          RETURNING id, type, user_id)
        INSERT INTO outbox (id, channel, kind, lane, user_id, event_id)
        SELECT ${UUID_V7}, 'webhook', s.type, w.id, s.user_id, s.id
        FROM stored s JOIN webhooks w ON w.is_active AND webhook_wants(w.events, s.type);
        RETURN NULL;
      END $$`;

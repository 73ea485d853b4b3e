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

/** The user as admins see them. */
const USER = `jsonb_build_object(
  'id', u.id, 'email', u.email, 'email_verified', u.email_verified_at IS NOT NULL, 'username', u.username,
  'display_name', u.display_name, 'profile_picture_url', u.profile_picture_url, 'role', u.role, 'is_active', u.is_active,
  'locale', u.locale, 'created_at', ${utc('u.created_at')}, 'updated_at', ${utc('u.updated_at')},
  'deleted_at', ${utc('u.deleted_at')}, 'last_login_at', ${utc('u.last_login_at')})`;

/** What of the user an event of its own kind is about. */
const CHANGED = `CASE e.type
  WHEN 'user.updated' THEN to_jsonb(string_to_array(coalesce(e.details->>'changed', ''), ','))
  WHEN 'user.activated' THEN '["is_active"]' WHEN 'user.deactivated' THEN '["is_active"]'
  WHEN 'user.email_verified' THEN '["email_verified"]' WHEN 'user.email_changed' THEN '["email"]'
  WHEN 'user.password_changed' THEN '["password"]' WHEN 'user.role_changed' THEN '["role"]' END`;

/**
 * Webhooks (Standard Webhooks 1.0). A security event is inserted in the statement of its change; the trigger turns it into
 * what receivers get, and a job for each of them, in the same transaction, whatever way the change came.
 */
export class Webhooks1764500000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE webhooks (
        id uuid NOT NULL,
        url text NOT NULL,
        events text[] NOT NULL,
        description text,
        is_active boolean NOT NULL DEFAULT true,
        disabled_reason text,
        key_id text NOT NULL,
        secret_version integer NOT NULL DEFAULT 1,
        previous_key_id text,
        previous_until timestamptz,
        failing_since timestamptz,
        last_success_at timestamptz(3),
        last_failure_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT webhooks_pkey PRIMARY KEY (id)
      )`);
    // the exact bytes, once for all receivers
    await db.query(`
      CREATE TABLE webhook_events (
        id uuid NOT NULL,
        type text NOT NULL,
        user_id uuid,
        body text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT webhook_events_pkey PRIMARY KEY (id)
      )`);
    await db.query(`CREATE INDEX webhook_events_created_at_idx ON webhook_events (created_at)`);
    await db.query(`CREATE INDEX webhook_events_user_id_idx ON webhook_events (user_id)`);
    await db.query(`ALTER TABLE outbox ADD COLUMN event_id uuid`);
    await db.query(`CREATE INDEX outbox_lane_idx ON outbox (lane, created_at, id) WHERE lane IS NOT NULL`);
    await db.query(`
      CREATE FUNCTION webhook_wants(events text[], type text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT events && ARRAY['*', type, split_part(type, '.', 1) || '.*'] $$`);
    await db.query(`
      CREATE FUNCTION emit_webhook_events() RETURNS trigger LANGUAGE plpgsql AS $$
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
              || CASE WHEN u.id IS NOT NULL THEN jsonb_build_object('user', ${USER})
                 WHEN e.user_id IS NOT NULL THEN jsonb_build_object('user', jsonb_build_object('id', e.user_id))
                 ELSE '{}' END)::text
          FROM e LEFT JOIN users u ON u.id = e.user_id
          RETURNING id, type, user_id)
        INSERT INTO outbox (id, channel, kind, lane, user_id, event_id)
        SELECT ${UUID_V7}, 'webhook', s.type, w.id, s.user_id, s.id
        FROM stored s JOIN webhooks w ON w.is_active AND webhook_wants(w.events, s.type);
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE TRIGGER audit_events_webhooks AFTER INSERT ON audit_events
      REFERENCING NEW TABLE AS recorded FOR EACH STATEMENT EXECUTE FUNCTION emit_webhook_events()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TRIGGER audit_events_webhooks ON audit_events`);
    await db.query(`DROP FUNCTION emit_webhook_events()`);
    await db.query(`DROP FUNCTION webhook_wants(text[], text)`);
    await db.query(`DELETE FROM outbox WHERE channel = 'webhook'`);
    await db.query(`DROP INDEX outbox_lane_idx`);
    await db.query(`ALTER TABLE outbox DROP COLUMN event_id`);
    await db.query(`DROP TABLE webhook_events`);
    await db.query(`DROP TABLE webhooks`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What slows guessers down, and what remembers security events. */
export class ThrottleAndAudit1763700100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // unlogged: a crash may forget the counts, and counting costs no write-ahead log
    await db.query(`
      CREATE UNLOGGED TABLE throttle_counters (
        key text NOT NULL,
        hits integer NOT NULL,
        resets_at timestamptz NOT NULL,
        CONSTRAINT throttle_counters_pkey PRIMARY KEY (key)
      )`);
    await db.query(`CREATE INDEX throttle_counters_resets_at_idx ON throttle_counters (resets_at)`);
    // no foreign keys: what happened stays on record when the person is gone
    await db.query(`
      CREATE TABLE audit_events (
        id uuid NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now(),
        action text NOT NULL,
        outcome text NOT NULL,
        actor_id uuid,
        user_id uuid,
        ip text,
        user_agent text,
        request_id text,
        details jsonb NOT NULL DEFAULT '{}',
        CONSTRAINT audit_events_pkey PRIMARY KEY (id),
        CONSTRAINT audit_events_outcome_check CHECK (outcome IN ('success', 'failure'))
      )`);
    await db.query(`CREATE INDEX audit_events_at_idx ON audit_events (at, id)`);
    await db.query(`CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, at, id)`);
    await db.query(`CREATE INDEX audit_events_action_idx ON audit_events (action, at, id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE audit_events`);
    await db.query(`DROP TABLE throttle_counters`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is to be sent, written in the transaction of the change that it tells of; and what mail needs to know of a user. */
export class OutboxAndMail1764100000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE users
        ADD COLUMN email_verified_at timestamptz(3),
        ADD COLUMN locale text,
        ADD COLUMN purge_at timestamptz(3)`);
    // no foreign keys: the notice of a purge outlives the user, and inserting a job costs no look-up
    await db.query(`
      CREATE TABLE outbox (
        id uuid NOT NULL,
        channel text NOT NULL,
        kind text NOT NULL,
        lane text,
        recipient text,
        user_id uuid,
        challenge_id uuid,
        data jsonb NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'queued',
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        claimed_by uuid,
        last_status integer,
        last_error text,
        duration_ms integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        done_at timestamptz,
        CONSTRAINT outbox_pkey PRIMARY KEY (id),
        CONSTRAINT outbox_channel_check CHECK (channel IN ('mail', 'webhook')),
        CONSTRAINT outbox_state_check CHECK (state IN ('queued', 'sent', 'failed', 'expired'))
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`);
    await db.query(`CREATE INDEX outbox_due_idx ON outbox (channel, due_at) WHERE state = 'queued'`);
    await db.query(`CREATE INDEX outbox_created_at_idx ON outbox (channel, created_at, id)`);
    await db.query(`CREATE INDEX outbox_user_id_idx ON outbox (user_id, created_at)`);
    await db.query(`CREATE INDEX outbox_recipient_idx ON outbox (recipient, created_at)`);
    await db.query(`CREATE INDEX outbox_done_at_idx ON outbox (done_at) WHERE state <> 'queued'`);
    // the development mailbox; empty everywhere else
    await db.query(`
      CREATE TABLE dev_mails (
        id uuid NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now(),
        mail jsonb NOT NULL,
        CONSTRAINT dev_mails_pkey PRIMARY KEY (id)
      )`);
    await db.query(`CREATE INDEX dev_mails_at_idx ON dev_mails (at, id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE dev_mails`);
    await db.query(`DROP TABLE outbox`);
    await db.query(`ALTER TABLE users DROP COLUMN email_verified_at, DROP COLUMN locale, DROP COLUMN purge_at`);
  }
}

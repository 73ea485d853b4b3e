import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Idempotency-Key: who works on a request, or what it was answered. */
export class IdempotencyKeys1764350000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE idempotency_keys (
        id bytea NOT NULL,
        owner_id uuid,
        subject_id uuid,
        fingerprint bytea NOT NULL,
        claim uuid NOT NULL,
        status smallint,
        location text,
        etag text,
        body text,
        expires_at timestamptz NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id)
      )`);
    await db.query(`CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at)`);
    await db.query(`CREATE INDEX idempotency_keys_owner_id_idx ON idempotency_keys (owner_id)`);
    await db.query(`CREATE INDEX idempotency_keys_subject_id_idx ON idempotency_keys (subject_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE idempotency_keys`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts at providers that open accounts here, and what somebody has just come back from a provider with. */
export class Identities1764300000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE identities (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        provider text NOT NULL,
        issuer text NOT NULL,
        subject text NOT NULL,
        email text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        CONSTRAINT identities_pkey PRIMARY KEY (id),
        CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject)
      )`);
    await db.query(`CREATE INDEX identities_user_id_idx ON identities (user_id)`);
    // unlogged: a row lives for a minute, and whoever loses theirs in a crash starts again
    await db.query(`
      CREATE UNLOGGED TABLE provider_results (
        flow_id uuid NOT NULL,
        code_hash bytea NOT NULL,
        payload jsonb NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT provider_results_pkey PRIMARY KEY (flow_id),
        CONSTRAINT provider_results_code_hash_key UNIQUE (code_hash)
      )`);
    await db.query(`CREATE INDEX provider_results_expires_at_idx ON provider_results (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE provider_results`);
    await db.query(`DROP TABLE identities`);
  }
}

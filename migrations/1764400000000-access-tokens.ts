import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Personal access tokens, and accounts of programs: without an address, a password or sessions. */
export class AccessTokens1764400000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'person'`);
    await db.query(`ALTER TABLE users ALTER COLUMN email DROP NOT NULL`);
    // every row holds the default: nothing to check, so no scan under a lock
    await db.query(`ALTER TABLE users ADD CONSTRAINT users_kind_check CHECK (kind IN ('person', 'service')) NOT VALID`);
    await db.query(
      `ALTER TABLE users ADD CONSTRAINT users_person_check CHECK (kind = 'service' OR email IS NOT NULL) NOT VALID`,
    );
    // lists are sorted by address, also where there is none
    await db.query(`CREATE INDEX users_email_idx ON users ((coalesce(email, '')), id)`);
    await db.query(`DROP INDEX users_admin_search_idx`);
    await db.query(`
      CREATE INDEX users_admin_search_idx ON users
      USING gin (fold_case(username || E'\\n' || coalesce(display_name, '') || E'\\n' || coalesce(email, '')) gin_trgm_ops)`);
    await db.query(`
      CREATE TABLE access_tokens (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        hash bytea NOT NULL,
        name text NOT NULL,
        hint text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3),
        last_used_ip text,
        warned_at timestamptz(3),
        CONSTRAINT access_tokens_pkey PRIMARY KEY (id),
        CONSTRAINT access_tokens_hash_key UNIQUE (hash),
        CONSTRAINT access_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`CREATE INDEX access_tokens_user_id_idx ON access_tokens (user_id, id)`);
    await db.query(`CREATE INDEX access_tokens_expires_at_idx ON access_tokens (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE access_tokens`);
    await db.query(`DROP INDEX users_email_idx`);
    await db.query(`DROP INDEX users_admin_search_idx`);
    await db.query(`
      CREATE INDEX users_admin_search_idx ON users
      USING gin (lower(username || E'\\n' || coalesce(display_name, '') || E'\\n' || email) gin_trgm_ops)`);
    await db.query(`DELETE FROM users WHERE kind = 'service'`);
    await db.query(`ALTER TABLE users DROP CONSTRAINT users_person_check`);
    await db.query(`ALTER TABLE users DROP CONSTRAINT users_kind_check`);
    await db.query(`ALTER TABLE users ALTER COLUMN email SET NOT NULL`);
    await db.query(`ALTER TABLE users DROP COLUMN kind`);
  }
}

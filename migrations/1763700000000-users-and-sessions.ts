import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People and their sessions. */
export class UsersAndSessions1763700000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`CREATE EXTENSION IF NOT EXISTS pg_trgm`);
    await db.query(`
      CREATE TABLE users (
        id uuid NOT NULL,
        email text NOT NULL,
        username text NOT NULL,
        password_hash text NOT NULL,
        display_name text,
        profile_picture_url text,
        role text NOT NULL DEFAULT 'user',
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        last_login_at timestamptz(3),
        version integer NOT NULL DEFAULT 1,
        session_generation integer NOT NULL DEFAULT 0,
        CONSTRAINT users_pkey PRIMARY KEY (id),
        CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
        CONSTRAINT users_email_check CHECK (email = lower(email))
      )`);
    // an address and a name are free again once their owner is deleted
    await db.query(`CREATE UNIQUE INDEX users_email_key ON users (email) WHERE deleted_at IS NULL`);
    await db.query(`CREATE UNIQUE INDEX users_username_key ON users (lower(username)) WHERE deleted_at IS NULL`);
    await db.query(`CREATE INDEX users_created_at_idx ON users (created_at, id)`);
    await db.query(`CREATE INDEX users_username_idx ON users (lower(username), id)`);
    // the line break keeps a search from matching across two columns: none of them, nor a query, may hold one
    await db.query(`
      CREATE INDEX users_search_idx ON users
      USING gin (lower(username || E'\\n' || coalesce(display_name, '')) gin_trgm_ops)`);
    await db.query(`
      CREATE INDEX users_admin_search_idx ON users
      USING gin (lower(username || E'\\n' || coalesce(display_name, '') || E'\\n' || email) gin_trgm_ops)`);
    await db.query(`
      CREATE TABLE sessions (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        counter integer NOT NULL DEFAULT 0,
        generation integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        ended_at timestamptz,
        ip text,
        user_agent text,
        CONSTRAINT sessions_pkey PRIMARY KEY (id),
        CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      ) WITH (fillfactor = 80)`); // room for refreshes to stay on their page, and out of the indexes
    await db.query(`CREATE INDEX sessions_user_id_idx ON sessions (user_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE sessions`);
    await db.query(`DROP TABLE users`);
  }
}

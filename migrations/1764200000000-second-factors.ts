import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How somebody signed in, and the factors that accounts have besides their passwords. */
export class SecondFactors1764200000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE users
        ALTER COLUMN password_hash DROP NOT NULL,
        ADD COLUMN mfa_enabled boolean NOT NULL DEFAULT false,
        ADD COLUMN mfa_required boolean NOT NULL DEFAULT false`);
    // auth_time stays null in the rows that are there: writing them would lock all sessions for as long as it takes.
    // Those began by a password when they were created, which is what null is read as
    await db.query(`
      ALTER TABLE sessions
        ADD COLUMN auth_time timestamptz,
        ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}',
        ADD COLUMN device_id uuid`);
    await db.query(`ALTER TABLE sessions ALTER COLUMN auth_time SET DEFAULT now()`);
    await db.query(`
      CREATE TABLE totp_factors (
        user_id uuid NOT NULL,
        secret bytea NOT NULL,
        last_step bigint NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        CONSTRAINT totp_factors_pkey PRIMARY KEY (user_id),
        CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL,
        hash bytea NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash),
        CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`
      CREATE TABLE passkeys (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        transports text[] NOT NULL,
        aaguid uuid,
        discoverable boolean,
        user_verified boolean NOT NULL,
        backup_eligible boolean NOT NULL,
        backed_up boolean NOT NULL,
        name text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        CONSTRAINT passkeys_pkey PRIMARY KEY (id),
        CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id)
      )`);
    await db.query(`CREATE INDEX passkeys_user_id_idx ON passkeys (user_id)`);
    await db.query(`
      CREATE TABLE remembered_devices (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        generation integer NOT NULL,
        ip text,
        user_agent text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT remembered_devices_pkey PRIMARY KEY (id),
        CONSTRAINT remembered_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`CREATE INDEX remembered_devices_user_id_idx ON remembered_devices (user_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const table of ['remembered_devices', 'passkeys', 'recovery_codes', 'totp_factors']) {
      await db.query(`DROP TABLE ${table}`);
    }
    await db.query(`ALTER TABLE sessions DROP COLUMN auth_time, DROP COLUMN amr, DROP COLUMN device_id`);
    await db.query(`UPDATE users SET password_hash = '' WHERE password_hash IS NULL`);
    await db.query(`
      ALTER TABLE users
        ALTER COLUMN password_hash SET NOT NULL,
        DROP COLUMN mfa_enabled,
        DROP COLUMN mfa_required`);
  }
}

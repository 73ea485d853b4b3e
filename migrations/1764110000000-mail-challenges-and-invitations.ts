import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What links and codes in mails stand for, invitations, known devices, and who was purged. */
export class MailChallengesAndInvitations1764110000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // without a password until its owner sets one: made by an admin, or taken back from a thief
    await db.query(`ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL`);
    // no foreign key from users: who isn't there yet has no account that could be signed in to or taken over
    await db.query(`
      CREATE TABLE invitations (
        id uuid NOT NULL,
        email text NOT NULL,
        role text NOT NULL,
        username text,
        display_name text,
        message text,
        locale text,
        invited_by uuid,
        days smallint NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        accepted_at timestamptz(3),
        accepted_by uuid,
        revoked_at timestamptz(3),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT invitations_pkey PRIMARY KEY (id),
        CONSTRAINT invitations_role_check CHECK (role IN ('user', 'admin')),
        CONSTRAINT invitations_email_check CHECK (email = lower(email)),
        CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE SET NULL,
        CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES users (id) ON DELETE SET NULL
      )`);
    await db.query(`
      CREATE UNIQUE INDEX invitations_email_open_key ON invitations (email)
      WHERE accepted_at IS NULL AND revoked_at IS NULL`);
    await db.query(`CREATE INDEX invitations_created_at_idx ON invitations (created_at, id)`);
    await db.query(`CREATE INDEX invitations_invited_by_idx ON invitations (invited_by)`);
    await db.query(`CREATE INDEX invitations_accepted_by_idx ON invitations (accepted_by)`);
    await db.query(`
      CREATE INDEX invitations_search_idx ON invitations
      USING gin (lower(email || E'\\n' || coalesce(username, '') || E'\\n' || coalesce(display_name, '')) gin_trgm_ops)`);
    // the secret itself is computed from the id and a key, and stands nowhere
    await db.query(`
      CREATE TABLE mail_challenges (
        id uuid NOT NULL,
        purpose text NOT NULL,
        user_id uuid,
        invitation_id uuid,
        email text NOT NULL,
        generation integer,
        attempts smallint NOT NULL DEFAULT 0,
        sent smallint NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        cancelled_at timestamptz,
        CONSTRAINT mail_challenges_pkey PRIMARY KEY (id),
        CONSTRAINT mail_challenges_purpose_check
          CHECK (purpose IN ('verify', 'reset', 'change', 'revert', 'invite', 'restore')),
        CONSTRAINT mail_challenges_subject_check CHECK (num_nonnulls(user_id, invitation_id) = 1),
        CONSTRAINT mail_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT mail_challenges_invitation_id_fkey
          FOREIGN KEY (invitation_id) REFERENCES invitations (id) ON DELETE CASCADE
      ) WITH (fillfactor = 80)`); // wrong codes are counted on the row
    // one living challenge per account and purpose; a change of address can be taken back once for each notice of it
    await db.query(`
      CREATE UNIQUE INDEX mail_challenges_open_key ON mail_challenges (user_id, purpose)
      WHERE used_at IS NULL AND cancelled_at IS NULL AND purpose <> 'revert'`);
    await db.query(`
      CREATE UNIQUE INDEX mail_challenges_invitation_key ON mail_challenges (invitation_id) WHERE cancelled_at IS NULL`);
    await db.query(`CREATE INDEX mail_challenges_user_id_idx ON mail_challenges (user_id, created_at)`);
    await db.query(`CREATE INDEX mail_challenges_invitation_id_idx ON mail_challenges (invitation_id)`);
    await db.query(`CREATE INDEX mail_challenges_change_idx ON mail_challenges (email) WHERE purpose = 'change'`);
    await db.query(`CREATE INDEX mail_challenges_expires_at_idx ON mail_challenges (expires_at)`);
    await db.query(`
      CREATE TABLE known_devices (
        user_id uuid NOT NULL,
        kind text NOT NULL,
        digest bytea NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT known_devices_pkey PRIMARY KEY (user_id, kind, digest),
        CONSTRAINT known_devices_kind_check CHECK (kind IN ('network', 'agent')),
        CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`CREATE INDEX known_devices_seen_at_idx ON known_devices (seen_at)`);
    // so that a backup that brings somebody back doesn't bring them back for long
    await db.query(`
      CREATE TABLE purged_users (
        id uuid NOT NULL,
        purged_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT purged_users_pkey PRIMARY KEY (id)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE purged_users`);
    await db.query(`DROP TABLE known_devices`);
    await db.query(`DROP TABLE mail_challenges`);
    await db.query(`DROP TABLE invitations`);
    await db.query(`UPDATE users SET password_hash = '' WHERE password_hash IS NULL`);
    await db.query(`ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the console asks for: events by address and by actor, users by their last sign-in, figures of days long past. */
export class Console1764600000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`CREATE INDEX audit_events_ip_idx ON audit_events (ip, at, id)`);
    // whoever has never signed in comes last, and a cursor can stand on them: NULL is nowhere in an order
    await db.query(`
      CREATE INDEX users_last_login_at_idx ON users (coalesce(last_login_at, timestamptz '0001-01-01 00:00:00+00'), id)`);
    // whose account it was that somebody fails to sign in to
    await db.query(`CREATE INDEX users_deleted_email_idx ON users (email, deleted_at) WHERE deleted_at IS NOT NULL`);
    await db.query(`
      CREATE INDEX users_deleted_username_idx ON users (lower(username), deleted_at) WHERE deleted_at IS NOT NULL`);
    // figures of days that are over outlive the events that they were counted from
    await db.query(`
      CREATE TABLE daily_stats (
        tz text NOT NULL,
        day date NOT NULL,
        sign_ups integer NOT NULL,
        sign_ins integer NOT NULL,
        failed_sign_ins integer NOT NULL,
        active_users integer NOT NULL,
        CONSTRAINT daily_stats_pkey PRIMARY KEY (tz, day)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE daily_stats`);
    await db.query(`DROP INDEX users_deleted_username_idx, users_deleted_email_idx, users_last_login_at_idx`);
    await db.query(`DROP INDEX audit_events_ip_idx`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Jobs that one replica runs for all, and an index for the events that an admin caused: a purge empties them. */
export class ScheduledJobs1764020200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE scheduled_jobs (
        name text NOT NULL,
        next_run_at timestamptz NOT NULL DEFAULT now(),
        leased_by uuid,
        leased_until timestamptz,
        CONSTRAINT scheduled_jobs_pkey PRIMARY KEY (name)
      )`);
    await db.query(`
      CREATE INDEX audit_events_actor_id_idx ON audit_events (actor_id, at, id) WHERE actor_id IS DISTINCT FROM user_id`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX audit_events_actor_id_idx`);
    await db.query(`DROP TABLE scheduled_jobs`);
  }
}

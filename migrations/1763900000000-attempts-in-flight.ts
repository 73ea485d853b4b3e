import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Attempts under way are counted apart from those that failed; an account's counters are found by how their keys begin. */
export class AttemptsInFlight1763900000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE throttle_counters
        ADD COLUMN in_flight timestamptz[] NOT NULL DEFAULT '{}',
        ADD COLUMN reported boolean NOT NULL DEFAULT false,
        ALTER COLUMN key TYPE text COLLATE "C"`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE throttle_counters
        DROP COLUMN in_flight,
        DROP COLUMN reported,
        ALTER COLUMN key TYPE text COLLATE "default"`);
  }
}

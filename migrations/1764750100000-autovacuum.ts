import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables that grow with every sign-in; events say so for each month. */
const TABLES = ['sessions', 'webhook_events'];

/** Vacuum comes after a fiftieth of a table has changed: a fifth of twenty million sessions is four million dead rows. */
export class Autovacuum1764750100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await db.query(
        `ALTER TABLE ${table} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)`,
      );
    }
  }

  async down(db: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await db.query(`ALTER TABLE ${table} RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)`);
    }
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** So that admins can list users by when they were changed. */
export class UsersByChange1764090000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`CREATE INDEX users_updated_at_idx ON users (updated_at, id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX users_updated_at_idx`);
  }
}

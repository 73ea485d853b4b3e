import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An index of the passwords whose hashes another system made: few, and none once everybody has signed in. */
export class ForeignHashes1764350100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX users_foreign_hash_idx ON users (id) WHERE password_hash !~ '^([$](2[aby]|pepper)[$]|$)'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX users_foreign_hash_idx`);
  }
}

/** Migrations on a table of many rows, for the tests of migrating; run as a program, it applies them to a database. */
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { loadSettings } from '../../src/config/settings.js';
import { migrate, type Migrations } from '../../src/database/migrate.js';
import { createIndexConcurrently, dropIndexConcurrently } from '../../src/database/online-ddl.js';

export const SECRET = 'x'.repeat(32);
const INDEX = { name: 'things_colour_idx', table: 'things', definition: '(colour, id)' };

class Things1700000000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`CREATE TABLE things (id int PRIMARY KEY, colour text)`);
    await db.query(`INSERT INTO things SELECT n, 'red' FROM generate_series(1, 1000) n`);
  }
  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE things`);
  }
}

class ThingsByColour1700000001000 implements MigrationInterface {
  transaction = false;
  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, INDEX);
  }
  async down(db: QueryRunner): Promise<void> {
    await dropIndexConcurrently(db, INDEX.name);
  }
}

class Sizes1700000002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE things ADD COLUMN size int`);
  }
  async down(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE things DROP COLUMN size`);
  }
}

/** What an older release has, and what a newer one adds: an index, then a column. */
export const OLDER: Migrations = [Things1700000000000];
export const NEWER: Migrations = [...OLDER, ThingsByColour1700000001000, Sizes1700000002000];

/** Applies a list to a database. */
export function apply(url: string, list: Migrations, more: Record<string, string> = {}): Promise<string[]> {
  const settings = loadSettings({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET_KEY: SECRET, ...more });
  return migrate(settings, list);
}

const [, program = '', url] = process.argv;
if (program.endsWith('migrations-online.ts') && url) await apply(url, NEWER);

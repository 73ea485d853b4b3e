import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexConcurrently, dropIndexConcurrently } from '../../src/database/online-ddl.js';

/** On a column that every refresh writes: from the build on, none of them stays out of the indexes. */
export const INDEX = { name: 'sessions_last_used_at_idx', table: 'sessions', definition: '(user_id, last_used_at)' };

/** What builds the index in the way of `online-ddl.ts`. */
export class SessionsByLastUse1999000000000 implements MigrationInterface {
  readonly transaction: boolean = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, INDEX);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropIndexConcurrently(db, INDEX.name);
  }
}

/** The same in a transaction, under whose lock nobody writes. */
export class SessionsByLastUseLocked1999000000000 extends SessionsByLastUse1999000000000 {
  override readonly transaction = true;
}

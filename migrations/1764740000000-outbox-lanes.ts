import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexConcurrently, dropIndexConcurrently } from '../src/database/online-ddl.js';

const INDEX = {
  name: 'outbox_lane_due_idx',
  table: 'outbox',
  definition: `(channel, lane, due_at) WHERE state = 'queued' AND lane IS NOT NULL`,
};

/** An index of what waits, by lane: so that claiming costs the same however much one receiver has before it. */
export class OutboxLanes1764740000000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, INDEX);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropIndexConcurrently(db, INDEX.name);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An index of what waits, by lane: so that claiming costs the same however much one receiver has before it. */
export class OutboxLanes1764740000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX outbox_lane_due_idx ON outbox (channel, lane, due_at) WHERE state = 'queued' AND lane IS NOT NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX outbox_lane_due_idx`);
  }
}

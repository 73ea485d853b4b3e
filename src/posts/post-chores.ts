import { Injectable, type OnModuleInit } from '@nestjs/common';
import { seconds } from '../config/durations.js';
import { inBatches } from '../database/batches.js';
import { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import { Scheduler } from '../outbox/scheduler.js';
import { PersonalData } from '../users/personal-data/personal-data.js';
import { UserPurges } from '../users/user-purges.js';
import * as sql from './posts.statements.js';

interface Recount {
  userId: string;
  requestedAt: string;
  isVisible: boolean;
}

const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Posts and likes apart from requests: purging them with a user, exporting them as personal data, and recounting the likes
 * of users who have very many.
 */
@Injectable()
export class PostChores implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
    private readonly purges: UserPurges,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    this.purges.register((userId) => this.removeOf(userId));
    this.personalData.registerRows({ name: 'posts', tables: ['posts'], rows: sql.OWN });
    this.personalData.registerRows({ name: 'likes', tables: ['likes'], rows: sql.OWN_LIKES });
    this.scheduler.register({ name: 'like_counts', every: seconds(30), run: (signal) => this.recount(signal) });
  }

  /** Deletes a user's likes, and their posts with all likes of those. */
  private async removeOf(userId: string): Promise<void> {
    await this.removeAll(sql.DELETE_LIKES_OF_USER, userId);
    for (;;) {
      const posts = await this.database.read<{ id: string }>(sql.OF_AUTHOR, [userId]);
      if (posts.length === 0) return;
      const ids = posts.map(({ id }) => id);
      await this.removeAll(sql.DELETE_LIKES_OF_POSTS, ids);
      await this.database.write(sql.DELETE_ALL, [ids]);
    }
  }

  private async removeAll(statement: Statement, of: unknown): Promise<void> {
    let removed: unknown[];
    do removed = await this.database.write(statement, [of]);
    while (removed.length === sql.BATCH);
  }

  /** Adds or subtracts the likes of users whose visibility has changed. */
  private async recount(signal: AbortSignal): Promise<void> {
    for (const { userId, requestedAt, isVisible } of await this.database.read<Recount>(sql.RECOUNTS, [])) {
      await inBatches(async (after = NIL) => {
        const changed = await this.database.write<{ postId: string }>(sql.RECOUNT, [userId, isVisible, after]);
        return changed.length < sql.BATCH
          ? undefined
          : changed
              .map(({ postId }) => postId)
              .sort()
              .at(-1);
      }, signal);
      if (signal.aborted) return;
      await this.database.write(sql.RECOUNTED, [userId, requestedAt]);
    }
  }
}

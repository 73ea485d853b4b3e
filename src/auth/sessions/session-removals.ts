import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { days, minutes } from '../../config/durations.js';
import { TokenSettings } from '../../config/token-settings.js';
import { inBatches } from '../../database/batches.js';
import { Database } from '../../database/database.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { PersonalData } from '../../users/personal-data/personal-data.js';
import { UserPurges } from '../../users/user-purges.js';
import * as endings from './session-endings.statements.js';
import { OWN } from './sessions.statements.js';

/** Deletes rows of sessions: those that ended long ago, and those of a user who is purged. */
@Injectable()
export class SessionRemovals implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly settings: TokenSettings,
    private readonly scheduler: Scheduler,
    private readonly purges: UserPurges,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({ name: 'old_sessions', every: minutes(5), run: (signal) => this.removeOld(signal) });
    this.purges.register((userId) => this.removeOf(userId));
    this.personalData.registerRows({ name: 'sessions', tables: ['sessions'], rows: OWN });
  }

  /** Deletes sessions that are older than the longest lifetime. */
  private removeOld(signal?: AbortSignal): Promise<void> {
    const { sessionLifetime } = this.settings;
    const oldest = uuidv7({ msecs: Date.now() - sessionLifetime + days(1) });
    return inBatches(async (after = NIL) => {
      const removed = await this.database.write<{ id: string }>(endings.PURGE, [oldest, sessionLifetime, after]);
      return lastOf(removed);
    }, signal);
  }

  private removeOf(userId: string): Promise<void> {
    return inBatches(async (after = NIL) =>
      lastOf(await this.database.write<{ id: string }>(endings.PURGE_OF_USER, [userId, after])),
    );
  }
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** The last id of a full batch, where the next one begins. */
const lastOf = (rows: { id: string }[]) =>
  rows.length < endings.BATCH
    ? undefined
    : rows
        .map(({ id }) => id)
        .sort()
        .at(-1);

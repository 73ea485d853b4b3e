import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { minutes } from '../config/durations.js';

const PAUSE = minutes(5);
const FULL_BATCH = 1000;

/** Removes a batch of rows that nobody needs any more; returns how many. */
export type Chore = () => Promise<number>;

/** Does the chores every five minutes, in small batches that get in nobody's way. Replicas share the work. */
@Injectable()
export class Scheduler implements OnApplicationShutdown {
  private readonly log = new Logger('Housekeeping');
  private timer?: NodeJS.Timeout;

  /** Starts doing the chores, by name. */
  start(chores: Record<string, Chore>): void {
    this.timer = setInterval(() => void this.run(chores), PAUSE);
    this.timer.unref();
  }

  /** Does every chore until it is done. One that fails is logged, and tried again at the next time. */
  async run(chores: Record<string, Chore>): Promise<void> {
    for (const [name, chore] of Object.entries(chores)) {
      try {
        let removed: number;
        do removed = await chore();
        while (removed >= FULL_BATCH && this.timer);
      } catch (error) {
        this.log.warn({ event: 'chore_failed', chore: name, reason: (error as Error).message });
      }
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

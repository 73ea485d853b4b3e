import { Injectable } from '@nestjs/common';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';

/** Removes what somebody has of one kind, in batches. May be called again when it failed halfway. */
export type PurgeStep = (userId: string) => Promise<void>;

/**
 * What goes with a user who is purged. Modules register how what is theirs is removed: in batches, as a user may have
 * more rows than one statement removes within its time-out. What is left, the foreign keys remove.
 */
@Injectable()
export class UserPurges {
  private readonly steps: PurgeStep[] = [];

  constructor(keys: IdempotencyKeys) {
    this.register((userId) => keys.forget(userId)); // what was answered to them, or told of them
  }

  /** Adds a step; a module does that when it is initialised. */
  register(step: PurgeStep): void {
    this.steps.push(step);
  }

  /** Removes all that hangs on a user who is deleted already. */
  async run(userId: string): Promise<void> {
    for (const step of this.steps) await step(userId);
  }
}

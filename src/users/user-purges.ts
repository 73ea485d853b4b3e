import { Injectable } from '@nestjs/common';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';

/** Deletes one kind of a user's rows, in batches. May be called again after a failure. */
export type PurgeStep = (userId: string) => Promise<void>;

/**
 * Deletes what belongs to a purged user. Modules register how their own rows are deleted: in batches, as a user may have
 * more rows than one statement can delete within its time-out. The foreign keys cascade to the rest.
 */
@Injectable()
export class UserPurges {
  private readonly steps: PurgeStep[] = [];

  constructor(keys: IdempotencyKeys) {
    this.register((userId) => keys.forget(userId)); // stored answers to their requests
  }

  /** Adds a step; a module does that when it is initialised. */
  register(step: PurgeStep): void {
    this.steps.push(step);
  }

  /** Runs all steps, for a user who is soft-deleted already. */
  async run(userId: string): Promise<void> {
    for (const step of this.steps) await step(userId);
  }
}

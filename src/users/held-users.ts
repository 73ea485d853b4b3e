import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { seconds } from '../config/durations.js';
import { Throttle } from '../throttle/throttle.js';

const MAX_AGE = seconds(1);

/** Accounts whose sign-in is blocked after too many wrong attempts; cached for a second. */
@Injectable()
export class HeldUsers {
  private known: { ids: Promise<string[]>; until: number } | undefined;

  constructor(
    private readonly throttle: Throttle,
    private readonly audit: AuditService,
  ) {}

  /** Their ids, those of deleted users included. */
  ids(): Promise<string[]> {
    if (this.known && this.known.until > performance.now()) return this.known.ids;
    const ids = this.find();
    const known = { ids, until: performance.now() + MAX_AGE };
    this.known = known;
    ids.catch(() => (known.until = 0));
    return ids;
  }

  /** Drops the cache, after an account was unblocked. */
  forget(): void {
    this.known = undefined;
  }

  private async find(): Promise<string[]> {
    const held = await this.throttle.held();
    return held ? (await this.audit.whoFailedSince(held.since)).filter((id) => held.isHeld(id)) : [];
  }
}

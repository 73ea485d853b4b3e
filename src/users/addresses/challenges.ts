import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { MAX_ATTEMPTS } from './challenge-ctes.js';
import * as sql from './challenges.statements.js';
import type { Purpose } from './mail-challenge.entity.js';

/** A challenge, and what of its account decides whether it is still valid. */
export interface Challenge {
  id: string;
  purpose: Purpose;
  userId: string | null;
  invitationId: string | null;
  /** The address that it is for. */
  email: string;
  attempts: number;
  createdAt: Date;
  expiresAt: Date;
  isUsed: boolean;
  isCancelled: boolean;
  isExpired: boolean;
  accountEmail: string | null;
  username: string | null;
  isVerified: boolean;
  isActive: boolean;
  isDeleted: boolean;
  /** Whether since then the account has had no new password, nor been deactivated or deleted; true where that doesn't matter. */
  isOfGeneration: boolean;
}

/** Whether its code isn't exhausted: five wrong ones end it. */
export const hasCode = ({ attempts }: Challenge): boolean => attempts < MAX_ATTEMPTS;

/** Finds the challenges of links and codes, and counts wrong codes. */
@Injectable()
export class Challenges implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('mail_challenges', () => this.purge()));
  }

  /** The challenge with this id; null when its account was purged, or it ended more than a month ago. */
  async find(id: string): Promise<Challenge | null> {
    const [challenge] = await this.database.lookUp<Challenge>(sql.BY_ID, [id]);
    return challenge ?? null;
  }

  /** The newest one for this purpose of the account with this address: a list of at most one. */
  findByAddress(purpose: Purpose, email: string | null): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.BY_ADDRESS, [email, purpose]);
  }

  /** The newest one for this purpose of this account: a list of at most one. */
  findByUser(purpose: Purpose, userId: string): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.BY_USER, [userId, purpose]);
  }

  /** The pending changes to this address. */
  findChangesTo(email: string | null): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.CHANGES_TO, [email]);
  }

  /** Counts a wrong code against these. An empty list takes as long. */
  async countWrong(challenges: Challenge[]): Promise<void> {
    await this.database.write(sql.COUNT_WRONG, [challenges.map(({ id }) => id)]);
  }

  /** Wrong codes for this account and purpose in a day, and the seconds until the first of them expires. */
  async wrongToday(purpose: Purpose, userId: string | null): Promise<{ wrong: number; seconds: number }> {
    const [row] = await this.database.read<{ wrong: number | null; seconds: number | null }>(sql.WRONG_TODAY, [userId, purpose]); // prettier-ignore
    return { wrong: row?.wrong ?? 0, seconds: row?.seconds ?? 1 };
  }

  /** Deletes challenges that ended a month ago, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }
}

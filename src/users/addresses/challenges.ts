import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import * as sql from './challenges.statements.js';
import type { Purpose } from './mail-challenge.entity.js';

/** A challenge, and as much of its account as decides whether it still holds. */
export interface Challenge {
  id: string;
  purpose: Purpose;
  userId: string | null;
  invitationId: string | null;
  /** The address that it proves. */
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
  /** Whether the account has got no new password since, nor was deactivated or deleted; true where that doesn't matter. */
  isOfGeneration: boolean;
}

/** Whether its code can still be right: five wrong ones end it. */
export const hasCode = ({ attempts }: Challenge): boolean => attempts < sql.MAX_ATTEMPTS;

/** Finds what links and codes stand for, and counts the wrong ones. */
@Injectable()
export class Challenges implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('mail_challenges', () => this.purge()));
  }

  /** The challenge with this id, or null when it is gone with its account, or for a month. */
  async find(id: string): Promise<Challenge | null> {
    const [challenge] = await this.database.lookUp<Challenge>(sql.BY_ID, [id]);
    return challenge ?? null;
  }

  /** The newest one for this purpose of the account with this address: none, or one, in a list. */
  findByAddress(purpose: Purpose, email: string | null): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.BY_ADDRESS, [email, purpose]);
  }

  /** The newest one for this purpose of this account: none, or one, in a list. */
  findByUser(purpose: Purpose, userId: string): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.BY_USER, [userId, purpose]);
  }

  /** Those of accounts that want to change to this address. */
  findChangesTo(email: string | null): Promise<Challenge[]> {
    return this.database.read<Challenge>(sql.CHANGES_TO, [email]);
  }

  /** Counts a wrong code against these. Without any it takes as long. */
  async countWrong(challenges: Challenge[]): Promise<void> {
    await this.database.write(sql.COUNT_WRONG, [challenges.map(({ id }) => id)]);
  }

  /** Wrong codes for this account and purpose in a day, and the seconds until the first of them is forgotten. */
  async wrongToday(purpose: Purpose, userId: string | null): Promise<{ wrong: number; seconds: number }> {
    const [row] = await this.database.read<{ wrong: number | null; seconds: number | null }>(sql.WRONG_TODAY, [userId, purpose]); // prettier-ignore
    return { wrong: row?.wrong ?? 0, seconds: row?.seconds ?? 1 };
  }

  /** Removes what ended a month ago, a thousand at most. Returns how many it removed. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }
}

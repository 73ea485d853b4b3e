import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { AccountSettings } from '../config/account-settings.js';
import { hours } from '../config/durations.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { assertMatches } from '../http/conditional-requests.js';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';
import { Lists } from '../lists/lists.js';
import { Scheduler } from '../outbox/scheduler.js';
import { conflict, forbidden, notFound } from '../problems.js';
import { type Call, SCRIPT } from '../request.js';
import { assertNotLastAdmin } from './user-changes.js';
import { UserLookups } from './user-lookups.js';
import { toUserDto } from './users.dto.js';
import { BEGIN_PURGE, PURGE } from './users.statements.js';

const BATCH = 100;
const MS = `interval '1 millisecond'`;

/** Accounts to purge: deleted long enough ago, purged before and restored by a backup, or never verified nor used. */
const DUE = statement(
  'users.due_for_purge',
  `SELECT id FROM users WHERE deleted_at IS NOT NULL AND (purge_at <= now() OR purge_at IS NULL AND deleted_at < now() - $1::bigint * ${MS})
   UNION (SELECT u.id FROM users u JOIN purged_users p ON p.id = u.id LIMIT ${BATCH})
   UNION (SELECT id FROM users WHERE email_verified_at IS NULL AND last_login_at IS NULL AND deleted_at IS NULL AND role <> 'admin'
     AND kind = 'person' AND created_at < now() - $2::bigint * ${MS} LIMIT ${BATCH})
   LIMIT ${BATCH}`,
);

/** Deletes one kind of a user's rows, in batches. May be called again after a failure. */
export type PurgeStep = (userId: string) => Promise<void>;

/**
 * Purges users: deletes their rows for good. Modules register how their own are deleted: in batches, as a user may have more
 * than one statement can delete within its time-out. The foreign keys cascade to the rest.
 */
@Injectable()
export class UserPurges implements OnModuleInit {
  private readonly steps: PurgeStep[] = [];

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly lookups: UserLookups,
    private readonly lists: Lists,
    private readonly scheduler: Scheduler,
    private readonly settings: AccountSettings,
    keys: IdempotencyKeys,
  ) {
    this.register((userId) => keys.forget(userId)); // stored answers to their requests
  }

  onModuleInit(): void {
    this.scheduler.register({ name: 'purge_users', every: hours(1), run: (signal) => this.purgeDue(signal) });
  }

  /** Adds a step; a module does that when it is initialised. */
  register(step: PurgeStep): void {
    this.steps.push(step);
  }

  /**
   * Purges a user: deletes all of their rows, in batches. Audit events about them keep only what happened, when and who did
   * it. After a failure the user is soft-deleted, and purging again continues.
   * @throws Problem 403, 404, 409 when restored meanwhile, 412; `last_admin` for the last one
   */
  async purge(id: string, call: Call): Promise<void> {
    if (call.me.role !== 'admin') throw forbidden();
    const begun = await this.database.transaction(async (db) => {
      await assertNotLastAdmin(db, id);
      const [rows] = await db.query<[{ id: string }[], number]>(BEGIN_PURGE, [id, call.versions]);
      return rows[0];
    }, 'users');
    if (!begun) throw await this.whyNotPurged(id, call);
    this.lists.changed('users');
    const isPurged = await this.removeAll(id, call);
    if (!isPurged && (await this.lookups.findById(id))) throw conflict('The user was restored meanwhile.');
  }

  /** Purges accounts that are due, a hundred at a time. */
  async purgeDue(signal: AbortSignal): Promise<void> {
    const { deletedRetention, unverifiedRetention } = this.settings;
    for (let found = BATCH; found === BATCH && !isOver(signal);) {
      const due = await this.database.read<{ id: string }>(DUE, [deletedRetention, unverifiedRetention]);
      found = due.length;
      for (const { id } of due) {
        if (isOver(signal)) return;
        await this.purgeOne(id);
      }
    }
  }

  private async purgeOne(id: string): Promise<void> {
    await this.database.write({ text: BEGIN_PURGE, topic: 'users' }, [id, null]);
    this.lists.changed('users');
    await this.removeAll(id, SCRIPT);
  }

  /** For a user who is soft-deleted already. Returns whether the row itself was deleted. */
  private async removeAll(id: string, call: Actor): Promise<boolean> {
    for (const step of this.steps) await step(id);
    await this.audit.forget(id);
    return (await this.audit.write(PURGE, [id], call)).length > 0;
  }

  private async whyNotPurged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.lookups.findShown(id);
    if (user) assertMatches(toUserDto(user, me), versions);
    return notFound('user'); // the version of `If-Match` was reached only after the statement
  }
}

/** A function, as TypeScript would narrow a flag that it has seen to be false. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

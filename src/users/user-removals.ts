import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { days, hours } from '../config/durations.js';
import { AccountSettings } from '../config/account-settings.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { assertMatches } from '../http/conditional-requests.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { Scheduler } from '../outbox/scheduler.js';
import { conflict, forbidden, notFound } from '../problems.js';
import { type Call, isSelfOrAdmin, SCRIPT } from '../request.js';
import { CredentialTables } from './credential-tables.js';
import { RemovalStatements } from './removal-statements.js';
import { UserLookups } from './user-lookups.js';
import { UserPurges } from './user-purges.js';
import { type AdminUserDto, toAdminUserDto, toUserDto, type UserRow } from './users.dto.js';
import { BEGIN_PURGE, PURGE } from './users.statements.js';
import { assertNotLastAdmin } from './user-changes.js';

/** Lifetime of the restore link where deleted accounts are never purged. */
const RESTORE_LIFETIME = days(30);
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

/** Soft deletion, restoring and purging of accounts. */
@Injectable()
export class UserRemovals implements OnModuleInit {
  private readonly statements = new RemovalStatements(this.mails, this.tables);

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
    private readonly lookups: UserLookups,
    private readonly purges: UserPurges,
    private readonly lists: Lists,
    private readonly scheduler: Scheduler,
    private readonly settings: AccountSettings,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({ name: 'purge_users', every: hours(1), run: (signal) => this.purgeDue(signal) });
  }

  /**
   * Deletes a user softly: all sessions end, e-mail address and username become free, an admin can restore the account, and
   * so can users who deleted themselves, by a mailed link.
   * @returns when the account will be purged; null when never, or when it was deleted before
   * @throws Problem 403, 404, 412; `last_admin` for the last one
   */
  async delete(id: string, call: Call, reason?: string): Promise<Date | null> {
    const { me, versions } = call;
    if (!isSelfOrAdmin(me, id)) throw forbidden();
    const retention = this.settings.deletedRetention;
    const words = JSON.stringify(this.mails.originWords(call));
    const values = [id, versions, retention, reason, uuidv7(), retention ?? RESTORE_LIFETIME, words];
    const [deleted] = await this.deleteRow(id, values, call);
    if (!deleted) return this.explainDeleteOfNothing(id, call);
    this.lists.changed('users');
    this.mails.wake();
    return deleted.purgeAt;
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

  /** Restores a deleted or inactive user; earlier sessions stay ended. @throws Problem 404, 409 when the address or name is taken */
  async restore(id: string, call: Call): Promise<AdminUserDto> {
    const [user] = await this.audit.write<UserRow>(this.statements.restore, [id], call);
    if (!user) throw notFound('user');
    this.lists.changed('users');
    this.mails.wake();
    return toAdminUserDto(user);
  }

  /**
   * Restores an account that its owner deleted, by the mailed link; earlier sessions stay ended.
   * @returns false when the challenge is no longer valid
   * @throws Problem 409 `email_taken`, `username_taken` when another account has them by now
   */
  async restoreByLink(challengeId: string, call: Actor): Promise<boolean> {
    const restored = await this.audit.write(this.statements.restoreByLink, [challengeId], call);
    this.lists.changed('users');
    this.mails.wake();
    return restored.length > 0;
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
    await this.purges.run(id);
    await this.audit.forget(id);
    return (await this.audit.write(PURGE, [id], call)).length > 0;
  }

  /** Locks the rows of all admins only when the user may be an admin. */
  private async deleteRow(id: string, values: unknown[], call: Call): Promise<Deleted[]> {
    const isOwn = call.me.id === id;
    const deleted = await this.audit.write<Deleted>(
      this.statements.deletion({ isOwn, isOrdinary: true }),
      values,
      call,
    );
    if (deleted.length) return deleted;
    return this.database.transaction(async (db) => {
      await assertNotLastAdmin(db, id);
      return this.audit.writeIn<Deleted>(db, this.statements.deletion({ isOwn, isOrdinary: false }), values, call);
    }, 'users');
  }

  private async whyNotPurged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.lookups.findShown(id);
    if (user) assertMatches(toUserDto(user, me), versions);
    return notFound('user'); // the version of `If-Match` was reached only after the statement
  }

  /** A repeated DELETE succeeds; an unknown user is 404. */
  private async explainDeleteOfNothing(id: string, { me, versions }: Call): Promise<null> {
    const user = await this.lookups.getRow(id);
    if (!user.deletedAt) assertMatches(toUserDto(user, me), versions);
    return null;
  }
}

/** A function, as TypeScript would narrow a flag that it has seen to be false. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

interface Deleted {
  purgeAt: Date | null;
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { recorded, type RecordedStatement } from '../audit/recorded.js';
import { days, hours } from '../config/durations.js';
import { AccountSettings } from '../config/account-settings.js';
import { Database, statement } from '../database/database.js';
import { assertMatches } from '../http/conditional-requests.js';
import { changing, hasVersion } from '../lists/conditions.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { Scheduler } from '../outbox/scheduler.js';
import { conflict, forbidden, notFound } from '../problems.js';
import { type Call, isSelfOrAdmin, SCRIPT } from '../request.js';
import { locked, opening, SAME_GENERATION, using } from './addresses/challenges.statements.js';
import { CredentialTables } from './credential-tables.js';
import { UserLookups } from './user-lookups.js';
import { UserPurges } from './user-purges.js';
import { type AdminUserDto, toAdminUserDto, toUserDto, type UserRow } from './users.dto.js';
import { BEGIN_PURGE, PURGE, USER_COLUMNS } from './users.statements.js';
import { assertNotLastAdmin } from './user-changes.js';

/** How long the link back lives where deleted accounts are kept for ever. */
const RESTORE_LIFETIME = days(30);
const BATCH = 100;
const MS = `interval '1 millisecond'`;

/** Accounts whose time is over: deleted long enough ago, purged before and back from a backup, or never verified nor used. */
const DUE = statement(
  'users.due_for_purge',
  `SELECT id FROM users WHERE deleted_at IS NOT NULL AND (purge_at <= now() OR purge_at IS NULL AND deleted_at < now() - $1::bigint * ${MS})
   UNION (SELECT u.id FROM users u JOIN purged_users p ON p.id = u.id LIMIT ${BATCH})
   UNION (SELECT id FROM users WHERE email_verified_at IS NULL AND last_login_at IS NULL AND deleted_at IS NULL AND role <> 'admin'
     AND kind = 'person' AND created_at < now() - $2::bigint * ${MS} LIMIT ${BATCH})
   LIMIT ${BATCH}`,
);

const RESTORED = {
  table: 'users',
  where: 'id = $1',
  assignments: 'is_active = true, deleted_at = NULL, purge_at = NULL',
  differs: 'NOT old.is_active OR old.deleted_at IS NOT NULL',
};

/** A notice to whom a change is about. */
const NOTICE = {
  from: 'change',
  to: 'email',
  userId: 'id',
  locale: 'locale',
  data: `jsonb_build_object('username', username)`,
};

/** So that each has a type, whatever the statement is made of. */
const PARAMETERS = 'parameters AS (SELECT $3::bigint, $4::text, $5::uuid, $6::bigint, $7::jsonb)';

/** Accounts that go, for a while or for good, and come back. */
@Injectable()
export class UserRemovals implements OnModuleInit {
  private readonly deletions = new Map<string, RecordedStatement>();

  private readonly restoreStatement = recorded({
    name: 'users.restore',
    before: [changing(RESTORED)],
    change: `SELECT ${USER_COLUMNS}, EXISTS (SELECT FROM changed) AS is_changed, (SELECT deleted_at FROM old) AS old_deleted_at FROM current`,
    also: [`notice AS (${this.mails.insert('account_restored', { ...NOTICE, where: 'old_deleted_at IS NOT NULL' })})`],
    events: [{ action: 'user_restored', when: 'is_changed' }],
  });

  /** By the link that whoever deleted themselves was sent: not after an admin restored and deleted the account once more. */
  private readonly restoreByLinkStatement = recorded({
    name: 'users.restore_by_link',
    before: [
      locked('$1'),
      using({
        purpose: 'restore',
        id: '$1',
        where: `a.deleted_at IS NOT NULL AND a.email = c.email AND ${SAME_GENERATION}`,
      }),
    ],
    change: `UPDATE users u SET is_active = true, deleted_at = NULL, purge_at = NULL, updated_at = now(), version = u.version + 1
      FROM used WHERE u.id = used.user_id RETURNING u.id, u.username, u.email, u.locale`,
    also: [`notice AS (${this.mails.insert('account_restored', NOTICE)})`],
    events: [{ action: 'user_restored', actorId: 'id' }],
  });

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
   * Deletes a user softly: all sessions end, e-mail address and username are free again, an admin can restore; and so can
   * whoever deleted themselves, by a link that is mailed to them.
   * @returns when the account will be purged; null when it is kept for ever, or was deleted before
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
   * Removes a user and all that hangs on it, however much that is; of the events that concern them only what, when and who
   * remain. When it fails halfway the user is deleted, and purging again goes on.
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

  /** Brings a deleted or inactive user back; old sessions stay dead. @throws Problem 404, 409 when the address or name is taken */
  async restore(id: string, call: Call): Promise<AdminUserDto> {
    const [user] = await this.audit.write<UserRow>(this.restoreStatement, [id], call);
    if (!user) throw notFound('user');
    this.lists.changed('users');
    this.mails.wake();
    return toAdminUserDto(user);
  }

  /**
   * Brings an account back that its owner deleted, by the link that was mailed to them; old sessions stay dead.
   * @returns false when the challenge doesn't hold any more
   * @throws Problem 409 `email_taken`, `username_taken` when somebody else has them by now
   */
  async restoreByLink(challengeId: string, call: Actor): Promise<boolean> {
    const restored = await this.audit.write(this.restoreByLinkStatement, [challengeId], call);
    this.lists.changed('users');
    this.mails.wake();
    return restored.length > 0;
  }

  /** Purges the accounts whose time is over, a hundred at a time. */
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

  /** Of a user who is deleted already. Returns whether the row went, too. */
  private async removeAll(id: string, call: Actor): Promise<boolean> {
    await this.purges.run(id);
    await this.audit.forget(id);
    return (await this.audit.write(PURGE, [id], call)).length > 0;
  }

  /** What takes no admin away needs no look at the other admins. */
  private async deleteRow(id: string, values: unknown[], call: Call): Promise<Deleted[]> {
    const isOwn = call.me.id === id;
    const deleted = await this.audit.write<Deleted>(this.deletion({ isOwn, isOrdinary: true }), values, call);
    if (deleted.length) return deleted;
    return this.database.transaction(async (db) => {
      await assertNotLastAdmin(db, id);
      return this.audit.writeIn<Deleted>(db, this.deletion({ isOwn, isOrdinary: false }), values, call);
    }, 'users');
  }

  private deletion(kind: DeletionKind): RecordedStatement {
    const name = `users.delete_${kind.isOwn ? 'own' : 'other'}_${kind.isOrdinary ? 'ordinary' : 'any'}`;
    const known = this.deletions.get(name) ?? this.buildDeletion(name, kind); // once every module has named its tables
    this.deletions.set(name, known);
    return known;
  }

  /** Parameters: $1 id, $2 versions, $3 retention, $4 reason, $5 and $6 a challenge and its lifetime, $7 words. */
  private buildDeletion(name: string, { isOwn, isOrdinary }: DeletionKind): RecordedStatement {
    const data = `$7::jsonb || jsonb_strip_nulls(jsonb_build_object('username', a.username, 'purge_at', to_jsonb(a."purgeAt")))`;
    const mail = { to: 'a.email', userId: 'a.id', locale: 'a.locale', data };
    return recorded({
      name,
      before: [PARAMETERS],
      change: `UPDATE users SET is_active = false, deleted_at = now(), updated_at = now(), version = version + 1,
          session_generation = session_generation + 1, purge_at = now() + $3::bigint * ${MS}, mfa_enabled = false
        WHERE id = $1 AND deleted_at IS NULL AND ${hasVersion('$2')} ${isOrdinary ? `AND role <> 'admin'` : ''}
        RETURNING id, username, email, locale, session_generation, purge_at AS "purgeAt"`,
      also: [
        ...(isOwn
          ? this.wayBack(mail)
          : [`mail AS (${this.mails.insert('account_deleted', { ...mail, from: 'change a' })})`]),
        ...this.tables.deletions('deletion', { from: 'change' }),
      ],
      events: [{ action: 'user_deleted', details: `jsonb_build_object('reason', $4::text)` }],
    });
  }

  private wayBack(mail: { to: string; userId: string; locale: string; data: string }): string[] {
    if (!this.mails.isConfigured) return [];
    const generation = 'session_generation';
    return [
      opening({
        purpose: 'restore',
        from: 'change',
        id: '$5::uuid',
        lifetime: '$6::bigint',
        generation,
        where: 'email IS NOT NULL',
      }),
      `mail AS (${this.mails.insert('account_deleted', {
        ...mail,
        from: 'challenge c JOIN change a ON a.id = c.user_id',
        challengeId: 'c.id',
        expiresAt: `least(c.expires_at, now() + interval '3 days')`,
      })})`,
    ];
  }

  private async whyNotPurged(id: string, { me, versions }: Call): Promise<Error> {
    const user = await this.lookups.findShown(id);
    if (user) assertMatches(toUserDto(user, me), versions);
    return notFound('user'); // it has become as the client has seen it, a moment too late
  }

  /** A second DELETE is as good as the first; what was never there is 404. */
  private async explainDeleteOfNothing(id: string, { me, versions }: Call): Promise<null> {
    const user = await this.lookups.getRow(id);
    if (!user.deletedAt) assertMatches(toUserDto(user, me), versions);
    return null;
  }
}

/** A function, as the compiler takes a flag that it has seen to be false to stay so. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

interface Deleted {
  purgeAt: Date | null;
}

interface DeletionKind {
  isOwn: boolean;
  isOrdinary: boolean;
}

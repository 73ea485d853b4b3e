import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../audit/audit.service.js';
import { days } from '../config/durations.js';
import { AccountSettings } from '../config/account-settings.js';
import { Database } from '../database/database.js';
import { assertMatches } from '../http/conditional-requests.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { forbidden, notFound } from '../problems.js';
import { type Call, isSelfOrAdmin } from '../request.js';
import { CredentialTables } from './credential-tables.js';
import { RemovalStatements } from './removal-statements.js';
import { UserLookups } from './user-lookups.js';
import { type AdminUserDto, toAdminUserDto, toUserDto, type UserRow } from './users.dto.js';
import { assertNotLastAdmin } from './user-changes.js';

/** Lifetime of the restore link where deleted accounts are never purged. */
const RESTORE_LIFETIME = days(30);
/** Soft deletion and restoring of accounts. */
@Injectable()
export class UserRemovals {
  private readonly statements = new RemovalStatements(this.mails, this.tables);

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
    private readonly lookups: UserLookups,
    private readonly lists: Lists,
    private readonly settings: AccountSettings,
  ) {}

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

  /** A repeated DELETE succeeds; an unknown user is 404. */
  private async explainDeleteOfNothing(id: string, { me, versions }: Call): Promise<null> {
    const user = await this.lookups.getRow(id);
    if (!user.deletedAt) assertMatches(toUserDto(user, me), versions);
    return null;
  }
}

interface Deleted {
  purgeAt: Date | null;
}

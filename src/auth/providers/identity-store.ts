import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { Database } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import { notFound, Problem, problem } from '../../problems.js';
import type { Call, Origin } from '../../request.js';
import { CredentialTables } from '../../users/credential-tables.js';
import type { Account } from '../sessions/authentication.js';
import { WaysIn } from '../sessions/ways-in.js';
import type { Identity } from './identity.entity.js';
import { type NewIdentity, valuesOf } from './identities.statements.js';
import * as sql from './identities.statements.js';
import { Providers } from './providers.js';

export type IdentityRow = Pick<Identity, 'id' | 'userId' | 'provider' | 'email' | 'createdAt' | 'lastUsedAt'>;

/** An account that was found by identity or address. */
export interface KnownAccount extends Account {
  isActive: boolean;
}

/** Rows of identities: which account at a provider is linked to which account here. */
@Injectable()
export class IdentityStore implements OnModuleInit {
  private readonly link;
  private readonly unlink;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly providers: Providers,
    private readonly tables: CredentialTables,
    private readonly ways: WaysIn,
  ) {
    const notice = (users: string, label: string, words: string) => ({
      from: `change c JOIN ${users} u ON u.id = c."userId"`,
      to: 'u.email',
      userId: 'u.id',
      locale: 'u.locale',
      data: `${words}::jsonb || jsonb_build_object('username', u.username, 'provider', ${label}::text)`,
    });
    this.link = sql.link(mails.insert('identity_linked', notice('account', '$8', '$9')));
    this.unlink = sql.unlink(mails.insert('identity_unlinked', notice('users', '$3', '$4')));
  }

  onModuleInit(): void {
    this.tables.register('identities', ['reclaim', 'deletion']);
    const names = this.providers.all.map(({ name }) => `'${name}'`); // letters, digits and _
    if (names.length === 0) return; // identities of providers that aren't configured are no way to sign in
    this.ways.register(
      `EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.id IS DISTINCT FROM $2 AND i.provider IN (${names.join()}))`,
    );
  }

  /** The account that an identity is linked to, or null. */
  async use(identity: NewIdentity): Promise<KnownAccount | null> {
    const [account] = await this.database.write<KnownAccount>(sql.USE, valuesOf(identity));
    return account ?? null;
  }

  /** The account with this address. */
  async findByEmail(email: string): Promise<(KnownAccount & { isVerified: boolean }) | null> {
    const [account] = await this.database.lookUp<KnownAccount & { isVerified: boolean }>(sql.BY_EMAIL, [email]);
    return account ?? null;
  }

  /** Links an identity to an account that is created in this transaction. @throws Problem 409 `identity_taken` */
  async register(db: EntityManager, userId: string, identity: NewIdentity, origin: Origin): Promise<void> {
    await this.audit.writeIn(db, sql.REGISTER, [uuidv7(), userId, ...valuesOf(identity)], origin);
  }

  /**
   * Links an identity to an account and mails its owner; without effect when it is linked to it already.
   * @param ifVerified only if this is the account's address, and verified
   * @returns null when the account may not sign in, or its address is another by now
   * @throws Problem 409 `identity_taken` when it is linked to another account
   */
  async add(
    { identity, userId, ifVerified = null }: { identity: NewIdentity; userId: string; ifVerified?: string | null },
    call: Actor,
  ): Promise<IdentityRow | null> {
    const words = JSON.stringify(this.mails.originWords(call));
    const label = this.providers.labelOf(identity.provider);
    const values = [uuidv7(), ...valuesOf(identity), userId, ifVerified, label, words];
    try {
      const [row] = await this.audit.write<IdentityRow>(this.link, values, call);
      this.mails.wake();
      return row ?? null;
    } catch (error) {
      const own =
        error instanceof Problem && error.code === 'identity_taken' ? await this.findOwn(userId, identity) : null;
      if (own) return own;
      throw error;
    }
  }

  /** A user's identities, oldest first. */
  list(userId: string): Promise<IdentityRow[]> {
    return this.database.read<IdentityRow>(sql.LIST, [userId]);
  }

  /** Unlinks a user's identity and mails them. @throws Problem 404, 409 `last_sign_in_method` */
  async remove({ id, userId }: Pick<IdentityRow, 'id' | 'userId'>, call: Call): Promise<void> {
    const words = JSON.stringify(userId === call.me.id ? this.mails.originWords(call) : { by_admin: true });
    await this.database.transaction(async (db) => {
      await db.query(sql.LOCK_USER, [userId]); // without the lock, two concurrent removals would each see the other's identity as the remaining way to sign in
      const identities = await db.query<IdentityRow[]>(sql.LIST.text, [userId]);
      const identity = identities.find((one) => one.id === id);
      if (!identity) throw notFound('identity');
      if (!(await this.ways.remain(db, userId, id))) throw problem('last_sign_in_method');
      const label = this.providers.labelOf(identity.provider);
      await this.audit.writeIn(db, this.unlink, [id, userId, label, words], call);
    }, 'identities');
    this.mails.wake();
  }

  private async findOwn(userId: string, { issuer, subject }: NewIdentity): Promise<IdentityRow | null> {
    const [own] = await this.database.read<IdentityRow>(sql.OWN, [userId, issuer, subject]);
    return own ?? null;
  }
}

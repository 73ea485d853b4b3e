import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Lists } from '../../lists/lists.js';
import { Mails } from '../../mail/mails.js';
import { Problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';
import { requestedLocale } from '../../users/locales.js';
import { NewAccounts } from '../../users/new-accounts.js';
import type { UserRow } from '../../users/users.dto.js';
import { IdentityStore } from './identity-store.js';
import type { Profile } from './profile.js';
import { usernamesFor } from './usernames.js';

/** Creates accounts on the first sign-in with a provider: without a password. */
@Injectable()
export class ProviderSignUps {
  constructor(
    private readonly database: Database,
    private readonly accounts: NewAccounts,
    private readonly identities: IdentityStore,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
    private readonly lists: Lists,
  ) {}

  /**
   * Creates an account and its identity in one transaction; unless the provider is authoritative for the address, with a
   * mail to verify it.
   * @throws Problem 409 `email_taken` or `identity_taken` when a concurrent request was first
   */
  async signUp(provider: string, profile: Profile & { email: string }, origin: Origin): Promise<void> {
    for (const username of usernamesFor(profile.username, profile.email)) {
      try {
        await this.make(provider, { profile, username }, origin);
        this.mails.wake();
        return this.lists.changed('users');
      } catch (error) {
        if (!(error instanceof Problem && error.code === 'username_taken')) throw error;
      }
    }
    throw new Error('No username was free');
  }

  private async make(
    provider: string,
    { profile, username }: { profile: Profile & { email: string }; username: string },
    origin: Origin,
  ): Promise<UserRow> {
    const { email, isEmailVerified: isVerified, name: displayName, pictureUrl: profilePictureUrl } = profile;
    const locale = requestedLocale(profile.locale, origin);
    const account = { email, username, passwordHash: null, displayName, profilePictureUrl, locale, isVerified };
    const mail = isVerified ? null : await this.limits.reserveMail('verify', email);
    try {
      const user = await this.database.transaction(async (db) => {
        const row = await this.accounts.register(account, { mail: mail !== null, db }, origin);
        await this.identities.register(db, row.id, { provider, ...profile }, origin);
        return row;
      }, 'identities');
      await mail?.count();
      return user;
    } finally {
      await mail?.release(); // does nothing once it is counted
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { Actor } from '../../audit/audit.service.js';
import { AccountSettings } from '../../config/account-settings.js';
import { problem } from '../../problems.js';
import { requestedLocale } from '../locales.js';
import { UserLookups } from '../user-lookups.js';
import { MailLimits } from './mail-limits.js';
import { Verifications } from './verifications.js';

/** Keeps out who hasn't verified their address, where REQUIRE_VERIFIED_EMAIL says so. */
@Injectable()
export class VerifiedOnly {
  constructor(
    private readonly lookups: UserLookups,
    private readonly verifications: Verifications,
    private readonly limits: MailLimits,
    private readonly settings: AccountSettings,
  ) {}

  /** Whether anybody is kept out. */
  get isOn(): boolean {
    return this.settings.requireVerifiedEmail;
  }

  /**
   * To be asked once it is known that the account is the person's, so that nobody else learns of it. Who is kept out gets
   * the mail that lets them in.
   * @throws Problem 403 `email_not_verified`
   */
  async assert(userId: string, call: Actor): Promise<void> {
    if (!this.isOn) return;
    const user = await this.lookups.findById(userId);
    if (!user || user.emailVerifiedAt || user.email === null) return;
    if (await this.limits.mayMail('verify', user.email)) {
      await this.verifications.send(user.email, requestedLocale(undefined, call), call);
    }
    throw problem('email_not_verified', { oauth: {} });
  }
}

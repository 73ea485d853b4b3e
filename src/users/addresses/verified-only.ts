import { Injectable } from '@nestjs/common';
import type { Actor } from '../../audit/audit.service.js';
import { AccountSettings } from '../../config/account-settings.js';
import { problem } from '../../problems.js';
import { requestedLocale } from '../locales.js';
import { UserLookups } from '../user-lookups.js';
import { MailLimits } from './mail-limits.js';
import { Verifications } from './verifications.js';

/** Refuses sign-in until the address is verified, where REQUIRE_VERIFIED_EMAIL is set. */
@Injectable()
export class VerifiedOnly {
  constructor(
    private readonly lookups: UserLookups,
    private readonly verifications: Verifications,
    private readonly limits: MailLimits,
    private readonly settings: AccountSettings,
  ) {}

  /** Whether the setting is on. */
  get isOn(): boolean {
    return this.settings.requireVerifiedEmail;
  }

  /**
   * To be called after authentication, so that nobody else learns whether the address is verified. Mails the verification
   * link.
   * @throws Problem 403 `email_not_verified`
   */
  async assert(userId: string, call: Actor): Promise<void> {
    if (!this.isOn) return;
    const user = await this.lookups.findById(userId);
    if (!user || user.emailVerifiedAt || user.email === null) return;
    if (await this.limits.mayMail('verify', user.email)) {
      await this.verifications.send(user.email, requestedLocale(undefined, call), call);
    }
    throw problem('email_not_verified');
  }
}

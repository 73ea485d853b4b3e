import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { wrongPassword } from '../../problems.js';
import type { Origin } from '../../request.js';
import { type Credentials, Passwords } from '../../users/passwords/passwords.js';

/** Password check of callers who aren't signed in and show a link or code. */
@Injectable()
export class AccountProof {
  constructor(
    private readonly passwords: Passwords,
    private readonly audit: AuditService,
  ) {}

  /** For the account with this id. @throws Problem 403 `wrong_password`, 429 */
  async ofAccount(userId: string | null, password: string, origin: Origin): Promise<void> {
    await this.assert(userId === null ? null : await this.passwords.findById(userId), userId ?? '', password, origin);
  }

  /** For the account with this address, if there is one. @throws Problem 403 `wrong_password`, 429 */
  async ofAddress(email: string, password: string, origin: Origin): Promise<void> {
    await this.assert(await this.passwords.find(email, origin), email, password, origin);
  }

  /** Counts wrong passwords as sign-in does, and takes as long where there is no account. */
  private async assert(
    account: Credentials | null,
    identifier: string,
    password: string,
    origin: Origin,
  ): Promise<void> {
    if (await this.passwords.check(account, identifier, password, origin)) return;
    await this.audit.record({ action: 'password_confirmed', outcome: 'failure', userId: account?.id }, origin);
    throw wrongPassword('/password');
  }
}

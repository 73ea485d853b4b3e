import { Injectable } from '@nestjs/common';
import type { Call, Origin } from '../../request.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { UserRemovals } from '../../users/user-removals.js';
import { assertLive, Proofs } from './proofs.js';

/** Deleting one's own account, and restoring it by a link until it is purged. */
@Injectable()
export class AccountRemovalService {
  constructor(
    private readonly removals: UserRemovals,
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
  ) {}

  /** Deletes the caller's account, softly. @throws Problem 403 `wrong_password`, 409 `last_admin`, 422, 429 */
  async delete(password: string, call: Call): Promise<Date | null> {
    await this.passwords.confirm(password, call);
    return this.removals.delete(call.me.id, call);
  }

  /** Restores it. @throws Problem 409 `email_taken`, `username_taken` when another account has them by now, 410, 422 */
  async restore({ token }: { token: string }, call: Origin): Promise<void> {
    const proof = await this.proofs.byToken(token, 'restore');
    assertLive(proof);
    if (!(await this.removals.restoreByLink(proof.challenge.id, call))) assertLive(await this.proofs.reread(proof));
  }
}

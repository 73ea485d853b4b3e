import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import type { Origin } from '../../request.js';
import type { Credentials } from '../../users/passwords/passwords.js';
import { UsersService } from '../../users/users.service.js';

/** Why a sign-in failed: for admins, and never for who tries. */
export type FailureReason = 'wrong_password' | 'inactive' | 'deleted' | 'unknown';

/** Records sign-ins that failed, with the account that was meant and why it didn't open. */
@Injectable()
export class FailedSignIns {
  constructor(
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  /** @param account the living account that was found, if one was */
  async record(account: Credentials | null, identifier: string, from: Origin): Promise<void> {
    const deletedId = account ? undefined : await this.users.findDeletedId(identifier).catch(() => undefined);
    const reason = account ? reasonOf(account) : deletedId ? 'deleted' : 'unknown';
    const userId = account?.id ?? deletedId;
    await this.audit.record({ action: 'login', outcome: 'failure', userId, details: { reason } }, from);
  }
}

const reasonOf = ({ isActive }: Credentials): FailureReason => (isActive ? 'wrong_password' : 'inactive');

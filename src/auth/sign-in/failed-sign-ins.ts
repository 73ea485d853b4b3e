import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import type { Origin } from '../../request.js';
import type { Credentials } from '../../users/passwords/passwords.js';
import { UsersService } from '../../users/users.service.js';

/** Why a sign-in failed: for the audit log, never for the client. */
export type FailureReason = 'wrong_password' | 'inactive' | 'deleted' | 'unknown';

/** Records failed sign-ins, with the account that was meant and the reason. */
@Injectable()
export class FailedSignIns {
  constructor(
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  /** @param account the account that was found, if it isn't deleted */
  async record(account: Credentials | null, identifier: string, from: Origin): Promise<void> {
    const deletedId = account ? undefined : await this.users.findDeletedId(identifier).catch(() => undefined);
    const reason = account ? reasonOf(account) : deletedId ? 'deleted' : 'unknown';
    const userId = account?.id ?? deletedId;
    await this.audit.record({ action: 'login', outcome: 'failure', userId, details: { reason } }, from);
  }
}

const reasonOf = ({ isActive }: Credentials): FailureReason => (isActive ? 'wrong_password' : 'inactive');

import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { invalidMember, Problem } from '../problems.js';
import { SCRIPT } from '../request.js';
import { normalizeEmail } from './emails.js';
import type { UserRow } from './users.dto.js';
import { UsersService } from './users.service.js';

const ANY_ADMIN = statement(
  'users.any_admin',
  `SELECT EXISTS (SELECT FROM users WHERE role = 'admin') AS found`, // deleted admins count too: the account must not come back by a restart
);

/** The admin that is created on first start. The settings may stay in the environment: they have no effect later. */
@Injectable()
export class FirstAdmin {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  /**
   * Creates an admin if there is none at all, and records the outcome. A taken address or username doesn't prevent the
   * start. Returns null when none was created.
   * @throws Problem 422 when the address or the password can't be used
   */
  async ensure(email: string, password: string): Promise<UserRow | null> {
    if (await this.isThereAny()) return this.record('success', 'there is an admin already');
    try {
      const admin = await this.make(email, password);
      await this.record('success', 'there was no admin', admin.id);
      return admin;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 409) throw error;
      if (await this.isThereAny()) return this.record('success', 'another replica was faster');
      return this.record('failure', `no admin was made: ${error.detail}`);
    }
  }

  private make(email: string, password: string): Promise<UserRow> {
    const address = normalizeEmail(email);
    if (!address) throw invalidMember('/email', 'is_email', 'must be an e-mail address');
    const username = address.split('@')[0]?.replace(/[^a-z0-9._-]/g, '-').slice(0, 32).padEnd(3, '-') ?? 'admin'; // prettier-ignore
    const account = {
      email: address,
      username,
      password,
      role: 'admin',
      is_active: true,
      email_verified: true,
    } as const;
    return this.users.create(account, SCRIPT);
  }

  private async isThereAny(): Promise<boolean> {
    const [admin] = await this.database.read<{ found: boolean }>(ANY_ADMIN, []);
    return admin?.found === true;
  }

  private async record(outcome: 'success' | 'failure', reason: string, userId?: string): Promise<null> {
    const result = userId ? 'made' : 'not made';
    await this.audit.record({ action: 'first_admin', outcome, userId, details: { result, reason } }, SCRIPT);
    return null;
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MfaSettings, rolesThatNeedMfa } from '../../config/mfa-settings.js';
import { PasskeySettings } from '../../config/passkey-settings.js';
import { Database } from '../../database/database.js';
import { problem } from '../../problems.js';
import type { Call } from '../../request.js';
import type { Account } from '../sessions/authentication.js';
import { Sealer } from '../sessions/sealer.js';
import { SessionStore } from '../sessions/session-store.js';
import { type AccountFactors, type FactorMethod, type FactorsRow, FIND_FACTORS, LOCK_USER, toAccountFactors } from './account-factors.js'; // prettier-ignore
import { isTotpOpen } from './totp-secrets.js';

/** Which second factors an account has, and whether it must have one. */
@Injectable()
export class Factors {
  private readonly rolesThatMust: readonly string[];
  private readonly hasPasskeys: boolean;

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionStore,
    private readonly sealer: Sealer,
    { required }: MfaSettings,
    { relyingParty }: PasskeySettings,
  ) {
    this.rolesThatMust = rolesThatNeedMfa(required);
    this.hasPasskeys = relyingParty !== undefined;
  }

  /** An account that may sign in, and its factors; or null. */
  async find(userId: string): Promise<AccountFactors | null> {
    const [row] = await this.database.lookUp<FactorsRow>(FIND_FACTORS, [userId]);
    return row ? toAccountFactors(row) : null;
  }

  /** Whether the account must have a second factor. */
  isMandatory({ role, mfaRequired }: Pick<Account, 'role' | 'mfaRequired'>): boolean {
    return mfaRequired || this.rolesThatMust.includes(role);
  }

  /** Whether signing in to the account requires a second factor. */
  isAskedFor(account: Pick<Account, 'role' | 'mfaRequired' | 'mfaEnabled'>): boolean {
    return account.mfaEnabled || this.isMandatory(account);
  }

  /**
   * The second factors that can be verified. An app whose secret can't be decrypted is left out, though the account still
   * requires a factor.
   */
  methodsOf(account: AccountFactors): FactorMethod[] {
    const methods: FactorMethod[] = [];
    if (account.totp && isTotpOpen(this.sealer, account.id, account.totp.secret)) methods.push('totp');
    if (account.passkeys > 0 && this.hasPasskeys) methods.push('passkey');
    if (account.recoveryCodes > 0) methods.push('recovery_code');
    return methods;
  }

  /** Whether there is no factor at all: then one may be set up at sign-in. */
  hasNone({ totp, passkeys, mfaEnabled }: AccountFactors): boolean {
    return !totp && passkeys === 0 && !mfaEnabled;
  }

  /**
   * Changes the caller's factors with the user's row locked, so that concurrent changes run one after the other.
   * @throws Problem 401 `invalid_token` when the session has ended meanwhile, and what the work throws
   */
  change<T>(call: Call, work: (db: EntityManager, account: AccountFactors) => Promise<T>): Promise<T> {
    return this.database.transaction(async (db) => {
      await db.query(LOCK_USER, [call.me.id]);
      const [row] = await db.query<FactorsRow[]>(FIND_FACTORS.text, [call.me.id]);
      if (!row || !(await this.sessions.isAliveIn(db, call))) throw problem('invalid_token');
      return work(db, toAccountFactors(row));
    }, 'factors');
  }
}

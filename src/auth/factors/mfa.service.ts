import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { Database } from '../../database/database.js';
import { conflict, forbidden, notFound, problem, withinSession } from '../../problems.js';
import type { Call } from '../../request.js';
import type { AuthenticationMethod } from '../sessions/authentication.js';
import { Sealer } from '../sessions/sealer.js';
import { claimsOf } from '../sessions/credential.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { type AccountFactors, LOCK_USER } from './account-factors.js';
import type { ConfirmTotpDto, FactorsChangedDto, MfaDto, RecoveryCodesDto, TotpSetupDto } from './factors.dto.js';
import { Factors } from './factors.service.js';
import { DELETE_REPLACEMENTS, factorStatements, FORGET_DEVICES } from './factors.statements.js';
import { FactorNotices } from './notices.js';
import { hashOfRecoveryCode, newRecoveryCodes, readRecoveryCode } from './recovery-codes.js';
import { type ConfirmedTotp, SetupTokens } from './setup-tokens.js';
import { totpContext } from './totp-secrets.js';

/** Setting up and removing second factors. */
@Injectable()
export class Mfa {
  private readonly sql: ReturnType<typeof factorStatements>;

  constructor(
    private readonly database: Database,
    private readonly factors: Factors,
    private readonly setups: SetupTokens,
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly sealer: Sealer,
    private readonly audit: AuditService,
    private readonly notices: FactorNotices,
  ) {
    this.sql = factorStatements(notices);
  }

  /** One's own factors. @throws Problem 401 when the account is gone */
  async getMfa({ me }: Call): Promise<MfaDto> {
    const account = await this.factors.find(me.id);
    if (!account) throw problem('invalid_token');
    const { totp, passkeys, recoveryCodes, devices, mfaEnabled } = account;
    return {
      enabled: mfaEnabled,
      mandatory: this.factors.isMandatory(account),
      totp: totp && { created_at: totp.createdAt, last_used_at: totp.lastUsedAt },
      passkeys,
      recovery_codes_left: recoveryCodes,
      remembered_devices: devices,
    };
  }

  /** Begins to set up an authenticator app. @throws Problem 404 `not_enabled` */
  startTotp({ me }: Call): TotpSetupDto {
    return this.setups.begin(me);
  }

  /**
   * Sets up an authenticator app that shows the right code; it replaces an older one. Signing in requires it from now on,
   * and all other sessions end. @throws Problem 403 `wrong_code`, 404, 422
   */
  async confirmTotp(dto: ConfirmTotpDto, call: Call): Promise<FactorsChangedDto> {
    const confirmed = this.setups.confirm(call.me.id, dto);
    if (!confirmed) throw problem('wrong_code');
    return this.changed(call, async (db, account) => {
      if (this.isSpent(confirmed, account)) throw withinSession('code_used');
      const { id } = account;
      const secret = this.sealer.seal(confirmed.secret, totpContext(id));
      const words = this.notices.wordsOf(call, { factor: 'totp' });
      await this.audit.writeIn(db, this.sql.putTotp, [id, secret, confirmed.step, words], call);
      return ['otp', 'mfa'];
    });
  }

  /** Removes the authenticator app. With the last factor, signing in requires no second one. @throws Problem 409 `mfa_mandatory` */
  removeTotp(call: Call): Promise<void> {
    return this.change(call, async (db, account) => {
      if (!account.totp) return;
      const isLast = account.passkeys === 0;
      if (isLast && this.factors.isMandatory(account)) throw problem('mfa_mandatory');
      const words = this.notices.wordsOf(call, { factor: 'totp' });
      await this.audit.writeIn(db, this.sql.deleteTotp, [account.id, words], call);
      await this.removed(db, account, { isLast, call });
    });
  }

  /**
   * Switches the second factor on; the account must have an authenticator app or a passkey.
   * @throws Problem 409 `conflict` when there is none
   */
  switchOn(call: Call): Promise<FactorsChangedDto> {
    return this.changed(call, async (db, account) => {
      if (!account.totp && account.passkeys === 0) throw conflict('Add an authenticator app or a passkey first.');
      if (account.mfaEnabled) return null;
      await this.audit.writeIn(db, this.sql.switchMfa, [account.id, true, this.notices.wordsOf(call)], call);
      return ['mfa']; // the session is fresh: its owner could as well have set up a factor and shown that
    });
  }

  /** Switches the second factor off; what was set up is kept. @throws Problem 409 `mfa_mandatory` */
  switchOff(call: Call): Promise<void> {
    return this.change(call, async (db, account) => {
      if (this.factors.isMandatory(account)) throw problem('mfa_mandatory');
      if (!account.mfaEnabled) return;
      await this.audit.writeIn(db, this.sql.switchMfa, [account.id, false, this.notices.wordsOf(call)], call);
      await this.store.renewGeneration(db, { amr: [], mfaEnabled: false }, call);
    });
  }

  /** Makes new recovery codes; the old ones become invalid, and remembered devices are forgotten. @throws Problem 409 without a factor */
  renewRecoveryCodes(call: Call): Promise<RecoveryCodesDto> {
    return this.change(call, async (db, account) => {
      if (!account.totp && account.passkeys === 0) throw conflict('There is no second factor that they could replace.');
      const words = this.notices.wordsOf(call, { factor: 'recovery_codes' });
      const recovery_codes = await this.makeRecoveryCodes(db, account, { words, call });
      await db.query(FORGET_DEVICES, [account.id]);
      return { recovery_codes };
    });
  }

  /** Removes all of a user's factors and ends their sessions, as an admin. @throws Problem 403 for oneself, 404 */
  async reset(userId: string, call: Call): Promise<void> {
    if (userId === call.me.id) throw forbidden('Ask another admin, or remove your factors one by one.');
    await this.resetAs(userId, call, this.notices.wordsOf(undefined, { by_admin: true }));
  }

  /** The same, from the command line. @throws Problem 404 */
  async resetAs(
    userId: string,
    call: Parameters<AuditService['write']>[2],
    words = this.notices.wordsOf(undefined, { by_admin: true }),
  ): Promise<void> {
    await this.database.transaction(async (db) => {
      await db.query(LOCK_USER, [userId]);
      const reset = await this.audit.writeIn(db, this.sql.reset, [userId, words], call);
      if (reset.length === 0) throw notFound('user');
    }, 'factors');
    this.notices.wake();
  }

  /**
   * After a factor was removed: forgets remembered devices, and with the last factor also its replacements. In the
   * transaction that has locked the user's row.
   */
  async removed(
    db: EntityManager,
    { id, mfaEnabled }: AccountFactors,
    { isLast, call }: { isLast: boolean; call: Call },
  ): Promise<void> {
    if (isLast) await db.query(DELETE_REPLACEMENTS, [id]);
    if (mfaEnabled) await this.store.renewGeneration(db, { amr: [], mfaEnabled: !isLast }, call);
  }

  /** Changes factors, then has the mails about it sent at once. */
  async change<T>(call: Call, work: (db: EntityManager, account: AccountFactors) => Promise<T>): Promise<T> {
    const result = await this.factors.change(call, work);
    this.notices.wake();
    return result;
  }

  /**
   * Changes factors so that signing in requires one from now on. @param work returns the methods just shown, or null when
   * nothing changed
   */
  private changed(
    call: Call,
    work: (db: EntityManager, account: AccountFactors) => Promise<AuthenticationMethod[] | null>,
  ): Promise<FactorsChangedDto> {
    return this.change(call, async (db, account) => {
      const amr = await work(db, account);
      if (!amr) return { recovery_codes: null, ...this.sessions.accessTokenOf(claimsOf(call)) };
      const recovery_codes =
        account.recoveryCodes > 0 ? null : await this.makeRecoveryCodes(db, account, { words: null, call });
      const session = await this.store.renewGeneration(db, { amr, mfaEnabled: true }, call);
      return { recovery_codes, ...this.sessions.accessTokenOf(session) };
    });
  }

  /** Whether this very secret is set up already and the code that confirms it was used. */
  private isSpent({ secret, step }: ConfirmedTotp, { id, totp }: AccountFactors): boolean {
    const known = totp && this.sealer.open(totp.secret, totpContext(id));
    return totp !== null && known !== null && known.plain.equals(secret) && step <= totp.lastStep;
  }

  private async makeRecoveryCodes(
    db: EntityManager,
    { id }: AccountFactors,
    { words, call }: { words: string | null; call: Call },
  ): Promise<string[]> {
    const codes = newRecoveryCodes();
    const hashes = codes.map((code) => hashOfRecoveryCode(id, readRecoveryCode(code) as string));
    await this.audit.writeIn(db, this.sql.replaceRecoveryCodes, [id, hashes, words], call);
    return codes;
  }
}

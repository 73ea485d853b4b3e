import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../../audit/audit.service.js';
import { PasskeySettings } from '../../../config/passkey-settings.js';
import { Database } from '../../../database/database.js';
import { invalidMember, notFound, problem } from '../../../problems.js';
import type { Call } from '../../../request.js';
import { sessionIdOf } from '../../sessions/credential.js';
import { WaysIn } from '../../sessions/ways-in.js';
import { SessionStore } from '../../sessions/session-store.js';
import type { AccountFactors } from '../account-factors.js';
import { Factors } from '../factors.service.js';
import { Mfa } from '../mfa.service.js';
import { FactorNotices } from '../notices.js';
import { Challenges } from './challenges.js';
import { PasskeyOptions, userHandleOf } from './passkey-options.js';
import { type AddPasskeyDto, type PasskeyDto, type PasskeyListDto, toPasskeyDto } from './passkeys.dto.js';
import * as sql from './passkeys.statements.js';
import { relyingPartyFor } from './relying-party.js';
import { challengeIn, type NewCredential, verifyRegistration } from './verify-passkey.js';
import type { CreationOptionsDto } from './webauthn-options.dto.js';
import type { RegistrationDto } from './webauthn-credentials.dto.js';

const TRANSPORTS = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']);

/** One's own passkeys: a way to sign in, and a second factor once that is switched on. */
@Injectable()
export class Passkeys implements OnModuleInit {
  private readonly changes: ReturnType<typeof sql.passkeyChanges>;

  constructor(
    private readonly database: Database,
    private readonly mfa: Mfa,
    private readonly factors: Factors,
    private readonly store: SessionStore,
    private readonly waysIn: WaysIn,
    private readonly options: PasskeyOptions,
    private readonly challenges: Challenges,
    private readonly audit: AuditService,
    private readonly notices: FactorNotices,
    private readonly settings: PasskeySettings,
  ) {
    this.changes = sql.passkeyChanges(notices);
  }

  onModuleInit(): void {
    this.waysIn.register(
      'EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id AND p.user_verified AND p.id IS DISTINCT FROM $2)',
    );
  }

  /** The options to make a passkey. @throws Problem 404 `not_enabled` */
  getCreationOptions(call: Call): Promise<CreationOptionsDto> {
    return this.options.forCreation(call.me.id, sessionIdOf(call));
  }

  /** Adds a passkey that was just made. @throws Problem 404, 409 `passkey_known`, 422 when it can't be verified */
  async addPasskey({ credential, name = 'Passkey' }: AddPasskeyDto, call: Call): Promise<PasskeyDto> {
    const made = await this.verify(credential, call);
    const values = (userId: string) => [
      uuidv7(),
      userId,
      made.credentialId,
      made.publicKey,
      made.counter,
      (credential.response.transports ?? []).filter((transport) => TRANSPORTS.has(transport)),
      made.aaguid,
      discoverableOf(credential),
      made.userVerified,
      made.backupEligible,
      made.backedUp,
      name,
      this.notices.wordsOf(call, { factor: 'passkey', name }),
    ];
    return this.mfa.change(call, async (db, account) => {
      const [added] = await this.audit.writeIn<sql.PasskeyRow>(db, this.changes.insert, values(account.id), call);
      if (account.mfaEnabled) await this.store.renewGeneration(db, { amr: [], mfaEnabled: true }, call);
      return toPasskeyDto(added as sql.PasskeyRow);
    });
  }

  /** One's own passkeys, oldest first. @throws Problem 404 `not_enabled` */
  async listPasskeys({ me }: Call): Promise<PasskeyListDto> {
    const { relyingParty } = this.settings;
    if (!relyingParty) throw problem('not_enabled');
    const rows = await this.database.read<sql.PasskeyRow>(sql.LIST, [me.id]);
    return {
      items: rows.map(toPasskeyDto),
      signal: {
        rp_id: relyingParty.rpId,
        user_id: userHandleOf(me.id),
        accepted_credential_ids: rows.map(({ credentialId }) => credentialId.toString('base64url')),
      },
    };
  }

  /** Renames a passkey. @throws Problem 404 */
  async renamePasskey(id: string, name: string, { me }: Call): Promise<PasskeyDto> {
    const [renamed] = await this.database.write<sql.PasskeyRow>(sql.RENAME, [id, me.id, name]);
    if (!renamed) throw notFound('passkey');
    return toPasskeyDto(renamed);
  }

  /** Removes a passkey. @throws Problem 404, 409 `last_sign_in_method`, `mfa_mandatory` */
  removePasskey(id: string, call: Call): Promise<void> {
    return this.mfa.change(call, async (db, account) => {
      const words = this.notices.wordsOf(call, { factor: 'passkey' });
      const removed = await this.audit.writeIn(db, this.changes.delete, [id, account.id, words], call);
      if (removed.length === 0) throw notFound('passkey');
      await this.assertDispensable(db, id, account);
      const isLast = account.passkeys === 1 && !account.totp;
      await this.mfa.removed(db, account, { isLast, call });
    });
  }

  private async assertDispensable(db: EntityManager, id: string, account: AccountFactors): Promise<void> {
    if (!(await this.waysIn.remain(db, account.id, id))) throw problem('last_sign_in_method');
    const isLastFactor = account.passkeys === 1 && !account.totp;
    if (isLastFactor && this.factors.isMandatory(account)) throw problem('mfa_mandatory');
  }

  private async verify(credential: RegistrationDto, call: Call): Promise<NewCredential> {
    const { relyingParty } = this.settings;
    if (!relyingParty) throw problem('not_enabled');
    const challenge = challengeIn(credential.response);
    const isOurs = challenge !== undefined && this.challenges.read(challenge, `register|${sessionIdOf(call)}`);
    const made = isOurs
      ? await verifyRegistration(credential, challenge, relyingPartyFor(relyingParty, credential.response))
      : null;
    if (!made) throw invalidMember('/credential', 'credential', 'could not be verified');
    return made;
  }
}

function discoverableOf({ clientExtensionResults }: RegistrationDto): boolean | null {
  const { credProps } = (clientExtensionResults ?? {}) as { credProps?: { rk?: unknown } | null };
  return typeof credProps?.rk === 'boolean' ? credProps.rk : null;
}

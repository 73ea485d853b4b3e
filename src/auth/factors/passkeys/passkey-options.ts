import { Injectable } from '@nestjs/common';
import { parse } from 'uuid';
import { PasskeySettings } from '../../../config/passkey-settings.js';
import { Database } from '../../../database/database.js';
import { notFound, problem } from '../../../problems.js';
import { UsersService } from '../../../users/users.service.js';
import { CHALLENGE_LIFETIME, type ChallengePurpose, Challenges } from './challenges.js';
import { LIST, type PasskeyRow } from './passkeys.statements.js';
import { ALGORITHMS } from './verify-passkey.js';
import type { CreationOptionsDto, CredentialDescriptorDto, RequestOptionsDto } from './webauthn-options.dto.js';

/** The options of `navigator.credentials.create` and `get`. */
@Injectable()
export class PasskeyOptions {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly challenges: Challenges,
    private readonly settings: PasskeySettings,
  ) {}

  /** To make a passkey of this user, in this session. @throws Problem 404 `not_enabled` */
  async forCreation(userId: string, sessionId: string): Promise<CreationOptionsDto> {
    const { rpId, rpName } = this.enabled();
    const account = await this.users.findById(userId);
    if (!account) throw notFound('user');
    const { email, username, displayName } = account;
    return {
      rp: { id: rpId, name: rpName },
      user: { id: userHandleOf(userId), name: email ?? username, displayName: displayName ?? username },
      challenge: this.challenges.make(`register|${sessionId}`),
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      timeout: CHALLENGE_LIFETIME,
      // without these, an authenticator silently replaces the passkey that it has for the account
      excludeCredentials: (await this.list(userId)).map(toDescriptor),
      authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'preferred' },
      attestation: 'none',
      extensions: { credProps: true },
    };
  }

  /** To sign in with any discoverable passkey, which names its user: the same for everybody. @throws Problem 404 `not_enabled` */
  forSignIn(): RequestOptionsDto {
    return this.request('sign-in', 'required');
  }

  /** To use a passkey of this user. @throws Problem 404 `not_enabled` */
  async forUser(userId: string, purpose: ChallengePurpose): Promise<RequestOptionsDto> {
    const options = this.request(purpose, 'preferred');
    return { ...options, allowCredentials: (await this.list(userId)).map(toDescriptor) };
  }

  private request(
    purpose: ChallengePurpose,
    userVerification: RequestOptionsDto['userVerification'],
  ): RequestOptionsDto {
    const { rpId } = this.enabled();
    return { challenge: this.challenges.make(purpose), rpId, timeout: CHALLENGE_LIFETIME, userVerification };
  }

  private list(userId: string): Promise<PasskeyRow[]> {
    return this.database.read<PasskeyRow>(LIST, [userId]);
  }

  private enabled(): { rpId: string; rpName: string } {
    const { relyingParty } = this.settings;
    if (!relyingParty) throw problem('not_enabled');
    return relyingParty;
  }
}

/** The WebAuthn user handle: the bytes of the id, as everything else of an account may change. */
export const userHandleOf = (userId: string): string => Buffer.from(parse(userId)).toString('base64url');

const toDescriptor = ({ credentialId, transports }: PasskeyRow): CredentialDescriptorDto => ({
  id: credentialId.toString('base64url'),
  type: 'public-key',
  transports,
});

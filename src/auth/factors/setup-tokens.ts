import { Injectable } from '@nestjs/common';
import { minutes } from '../../config/durations.js';
import { MailSettings } from '../../config/mail-settings.js';
import { invalidMember, problem } from '../../problems.js';
import { Sealer } from '../sessions/sealer.js';
import { ID_BYTES, isYoungerThan, newTimedId } from '../sessions/timed-ids.js';
import { base32, newTotpSecret, otpauthUri, stepOf } from './totp.js';
import type { TotpSetupDto } from './factors.dto.js';

/** How long setting up an authenticator app may take. */
const SETUP_LIFETIME = minutes(10);

/** An authenticator app that has shown a code of the secret. */
export interface ConfirmedTotp {
  secret: Buffer;
  /** The time step of that code, which must not be accepted again. */
  step: number;
}

/** Sets up authenticator apps without storing anything: until a code confirms it, the client holds the secret, encrypted. */
@Injectable()
export class SetupTokens {
  constructor(
    private readonly sealer: Sealer,
    private readonly settings: MailSettings,
  ) {}

  /** A new secret for a user. @throws Problem 404 `not_enabled` without a key to seal it */
  begin({ id, email, username }: { id: string; email: string | null; username: string }): TotpSetupDto {
    if (!this.sealer.isEnabled) throw problem('not_enabled');
    const secret = newTotpSecret();
    return {
      secret: base32(secret),
      otpauth_uri: otpauthUri(secret, { issuer: this.settings.appName, account: email ?? username }),
      setup_token: this.sealer.seal(Buffer.concat([newTimedId(), secret]), contextOf(id)).toString('base64url'),
      expires_in: SETUP_LIFETIME / 1000,
    };
  }

  /** The secret, when the code proves it. @throws Problem 404, 422 for a token of another user, or too old; null for a wrong code */
  confirm(id: string, { setup_token, code }: { setup_token: string; code: string }): ConfirmedTotp | null {
    if (!this.sealer.isEnabled) throw problem('not_enabled');
    const opened = this.sealer.open(Buffer.from(setup_token, 'base64url'), contextOf(id));
    if (!opened || !isYoungerThan(opened.plain, SETUP_LIFETIME)) {
      throw invalidMember('/setup_token', 'setup_token', 'is not valid, or no longer');
    }
    const secret = opened.plain.subarray(ID_BYTES);
    const step = stepOf(code, secret);
    return step === null ? null : { secret, step };
  }
}

const contextOf = (userId: string) => `setup|${userId}`;

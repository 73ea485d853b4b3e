import { Injectable } from '@nestjs/common';
import { invalidMember, validationFailed } from '../../problems.js';
import type { Origin } from '../../request.js';
import { shownIn } from '../factors/second-factor.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { PasswordSignIn } from './password-sign-in.js';
import { SecondFactorSignIn } from './second-factor-sign-in.js';
import type { LoginDto } from './sign-in.dto.js';

/** The grant type that ends a sign-in by its second factor. */
const MFA_GRANT = 'urn:userhub:grant:mfa';

/** Gives tokens for whatever the token route takes (RFC 6749). */
@Injectable()
export class Grants {
  constructor(
    private readonly passwords: PasswordSignIn,
    private readonly secondFactors: SecondFactorSignIn,
    private readonly sessions: SessionsService,
  ) {}

  /** Tokens for a password, a second factor or a refresh token, as the grant type says. @throws Problem 401, 403, 422, 429, 503 */
  grant(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    switch (dto.grant_type ?? 'password') {
      case 'password': {
        const { otp, device_token: deviceToken } = dto;
        return this.passwords.login(identifierOf(dto), required(dto, 'password'), from, { otp, deviceToken });
      }
      case MFA_GRANT:
        return this.secondFactors.verify(
          { mfa_token: required(dto, 'mfa_token'), ...shownIn(required(dto, 'otp')) },
          from,
        );
      case 'refresh_token':
        return this.sessions.refresh(required(dto, 'refresh_token'), from);
      default:
        throw invalidMember('/grant_type', 'unsupported_grant_type', `must be password, refresh_token or ${MFA_GRANT}`);
    }
  }
}

function identifierOf({ email, username }: LoginDto): string {
  if (email !== undefined && username !== undefined) {
    throw invalidMember('/username', 'either_or', 'must not come together with email');
  }
  const identifier = email ?? username;
  if (identifier !== undefined) return identifier;
  throw validationFailed([{ pointer: '/username', code: 'required', detail: 'is missing' }]);
}

function required(dto: LoginDto, member: 'password' | 'refresh_token' | 'mfa_token' | 'otp'): string {
  const value = dto[member];
  if (value === undefined) throw invalidMember(`/${member}`, 'required', 'is missing');
  return value;
}

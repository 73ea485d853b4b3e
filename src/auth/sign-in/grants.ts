import { Injectable } from '@nestjs/common';
import { invalidMember, problem, validationFailed } from '../../problems.js';
import type { Origin } from '../../request.js';
import { ProviderSignIn } from '../providers/provider-sign-in.js';
import { shownIn } from '../factors/second-factor.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { PasswordSignIn } from './password-sign-in.js';
import { SecondFactorSignIn } from './second-factor-sign-in.js';
import type { LoginDto } from './sign-in.dto.js';
import { SignIn } from './sign-in.js';

/** The grant type that completes a sign-in by its second factor. */
const MFA_GRANT = 'urn:userhub:grant:mfa';

/** The grant types of the token route (RFC 6749). */
@Injectable()
export class Grants {
  constructor(
    private readonly passwords: PasswordSignIn,
    private readonly secondFactors: SecondFactorSignIn,
    private readonly providers: ProviderSignIn,
    private readonly sessions: SessionsService,
    private readonly signIn: SignIn,
  ) {}

  /**
   * Tokens for a password, a second factor, the code of a provider flow or a refresh token, by the grant type. @throws
   * Problem 401, 403, 422, 429, 503
   */
  grant(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    switch (dto.grant_type ?? 'password') {
      case 'password': {
        const { otp, device_token: deviceToken } = dto;
        const { identifier, password } = credentialsOf(dto);
        return this.passwords.login(identifier, password, from, { otp, deviceToken });
      }
      case MFA_GRANT: {
        const { mfa_token, otp } = required(dto, 'mfa_token', 'otp');
        return this.secondFactors.verify({ mfa_token, ...shownIn(otp) }, from);
      }
      case 'authorization_code':
        return this.byProvider(dto, from);
      case 'refresh_token':
        return this.sessions.refresh(required(dto, 'refresh_token').refresh_token, from);
      default:
        throw invalidMember(
          '/grant_type',
          'unsupported_grant_type',
          `must be password, refresh_token, authorization_code or ${MFA_GRANT}`,
        );
    }
  }

  private async byProvider(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    const redemption = required(dto, 'code', 'code_verifier', 'redirect_uri');
    const authentication = await this.providers.authenticate(redemption, from);
    const { otp, device_token: deviceToken } = dto;
    const tokens = await this.signIn.finish(authentication, from, { otp, deviceToken });
    if (!tokens) throw problem('invalid_grant');
    return tokens;
  }
}

function credentialsOf(dto: LoginDto): { identifier: string; password: string } {
  const { email, username, password } = dto;
  if (email !== undefined && username !== undefined) {
    throw invalidMember('/username', 'either_or', 'must not come together with email');
  }
  const identifier = email ?? username;
  if (identifier === undefined) throw missing('username', ...(password === undefined ? ['password'] : []));
  return { identifier, password: required(dto, 'password').password };
}

/** Members that must all be there. @throws Problem 422 that names each missing one */
function required<Name extends keyof LoginDto>(dto: LoginDto, ...names: Name[]): Record<Name, string> {
  const absent = names.filter((name) => dto[name] === undefined);
  if (absent.length > 0) throw missing(...absent);
  return dto as Record<Name, string>;
}

const missing = (...names: string[]) =>
  validationFailed(names.map((name) => ({ pointer: `/${name}`, code: 'required', detail: 'is missing' })));

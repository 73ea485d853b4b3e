import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { invalidMember, problem, validationFailed } from '../../problems.js';
import type { Origin } from '../../request.js';
import { type Credentials, Passwords } from '../../users/passwords/passwords.js';
import type { Authentication } from '../sessions/authentication.js';
import { SessionStore } from '../sessions/session-store.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { FailedSignIns } from './failed-sign-ins.js';
import type { LoginDto } from './sign-in.dto.js';

/** Getting in: by password, or by the refresh token grant. */
@Injectable()
export class SignIn {
  constructor(
    private readonly passwords: Passwords,
    private readonly store: SessionStore,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly failed: FailedSignIns,
  ) {}

  /** Tokens for a password or for a refresh token, as the grant type says. @throws Problem 401, 422, 429, 503 */
  grant(dto: LoginDto, from: Origin): Promise<TokenPairDto> {
    switch (dto.grant_type ?? 'password') {
      case 'password':
        return this.login(identifierOf(dto), required(dto, 'password'), from);
      case 'refresh_token':
        return this.sessions.refresh(required(dto, 'refresh_token'), from);
      default:
        throw invalidMember('/grant_type', 'unsupported_grant_type', 'must be password or refresh_token');
    }
  }

  /**
   * Signs in. Unknown, wrong, inactive and deleted get the same answer after the same work.
   * @throws Problem 401 `invalid_credentials`, 429, 503
   */
  async login(identifier: string, password: string, from: Origin): Promise<TokenPairDto> {
    const account = await this.authenticate(identifier, password, from);
    if (!account) throw problem('invalid_credentials');
    return this.finish({ account, amr: ['pwd'], when: new Date() }, from);
  }

  /**
   * The one exit of every way in: ends a sign-in whose account has been proved to be the person's.
   * @throws Problem 401 `invalid_credentials` when the account has changed since
   */
  async finish(authentication: Authentication, from: Origin): Promise<TokenPairDto> {
    const { account, amr } = authentication;
    const session = await this.store.start(authentication, from);
    if (!session) throw problem('invalid_credentials');
    const details = { amr: amr.join(' ') };
    await this.audit.record({ action: 'login', actorId: account.id, userId: account.id, details }, from);
    return this.sessions.tokensOf(session);
  }

  /** The account that this identifier and password open, or null; counted, recorded, and its hash kept up to date. */
  async authenticate(identifier: string, password: string, from: Origin): Promise<Credentials | null> {
    const account = await this.passwords.find(identifier, from);
    if ((await this.passwords.check(account, identifier, password, from)) && account) {
      await this.passwords.renew(account, password);
      return account;
    }
    await this.failed.record(account, identifier, from);
    return null;
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

function required(dto: LoginDto, member: 'password' | 'refresh_token'): string {
  const value = dto[member];
  if (value === undefined) throw invalidMember(`/${member}`, 'required', 'is missing');
  return value;
}

import { Injectable } from '@nestjs/common';
import { problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { type Credentials, Passwords } from '../../users/passwords/passwords.js';
import { Factors } from '../factors/factors.service.js';
import type { TokenPairDto } from '../sessions/sessions.dto.js';
import { FailedSignIns } from './failed-sign-ins.js';
import { type OfferedFactor, SignIn } from './sign-in.js';

/** Signing in by password. */
@Injectable()
export class PasswordSignIn {
  constructor(
    private readonly signIn: SignIn,
    private readonly passwords: Passwords,
    private readonly factors: Factors,
    private readonly failed: FailedSignIns,
  ) {}

  /**
   * Signs in. An unknown identifier, a wrong password, an inactive and a deleted account get the same answer after the same
   * work.
   * @throws Problem 401 `invalid_credentials`, 429, 503, and as `SignIn.finish`
   */
  async login(identifier: string, password: string, from: Origin, offered: OfferedFactor = {}): Promise<TokenPairDto> {
    const account = await this.authenticate(identifier, password, from);
    const tokens = account && (await this.signIn.finish({ account, amr: ['pwd'], when: new Date() }, from, offered));
    if (!tokens) throw problem('invalid_credentials');
    return tokens;
  }

  /** The account that this identifier and password belong to, or null. Counts and records the attempt, and renews an outdated hash. */
  async authenticate(identifier: string, password: string, from: Origin): Promise<Credentials | null> {
    const account = await this.passwords.find(identifier, from);
    const isWhole = account === null || !this.factors.isAskedFor(account);
    if ((await this.passwords.check(account, identifier, password, from, { isWhole })) && account) {
      await this.passwords.renew(account, password);
      return account;
    }
    await this.failed.record(account, identifier, from);
    return null;
  }
}

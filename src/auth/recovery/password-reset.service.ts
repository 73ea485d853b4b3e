import { Injectable } from '@nestjs/common';
import { Mails } from '../../mail/mails.js';
import { conflict, invalidMember, notFound } from '../../problems.js';
import type { Call, Origin } from '../../request.js';
import { Throttle } from '../../throttle/throttle.js';
import { Challenges } from '../../users/addresses/challenges.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';
import { normalizeEmail } from '../../users/emails.js';
import { requestedLocale } from '../../users/locales.js';
import { PasswordResets } from '../../users/passwords/password-resets.js';
import type { PasswordResetLinkDto } from '../../users/passwords/password-resets.dto.js';
import { Passwords } from '../../users/passwords/passwords.js';
import { UsersService } from '../../users/users.service.js';
import { assertLive, type Proof, Proofs } from './proofs.js';
import type { ConfirmPasswordResetDto, RequestPasswordResetDto, ResetPasswordOfDto } from './recovery.dto.js'; // prettier-ignore
import { required, tokenOrCode } from './recovery.fields.js';

/** Password resets, by a link or a code. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly resets: PasswordResets,
    private readonly challenges: Challenges,
    private readonly proofs: Proofs,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
    private readonly throttle: Throttle,
  ) {}

  /** Mails link and code, if there is such an account and it may sign in. @throws Problem 422, 429, 503 `mail_not_configured` */
  async request(dto: RequestPasswordResetDto, call: Origin): Promise<void> {
    this.mails.assertConfigured();
    const identifier = identifierOf(dto);
    await this.limits.countRequest(call);
    const email = dto.email ?? (await this.users.findByUsername(identifier))?.email ?? null;
    if (!(await this.limits.mayMail('reset', email ?? identifier.toLowerCase()))) return;
    await this.resets.send(email, requestedLocale(dto.locale, call), call);
  }

  /**
   * Sets the password and ends every session. A refused password doesn't use up the link.
   * @throws Problem 410, 422 on a bad link, code or password, 429
   */
  async confirm(dto: ConfirmPasswordResetDto, origin: Origin): Promise<void> {
    const proof = await this.proofOf(dto, origin);
    assertLive(proof);
    const { id, email, username } = proof.challenge;
    const passwordHash = await this.passwords.hashNew(dto.new_password, {
      context: { email, username: username ?? '' },
      pointer: '/new_password',
      signal: origin.signal,
    });
    const userId = await this.resets.reset(id, { passwordHash, byCode: proof.byCode }, origin);
    if (userId === null) return assertLive(await this.proofs.reread(proof));
    await this.throttle.clear(userId);
  }

  /**
   * Resets a user's password, as an admin; the user chooses the new one. Returns the link to hand over; null when it was
   * mailed.
   * @throws Problem 404, 409 when the account may not sign in, 503 `mail_not_configured`
   */
  async resetOf(
    userId: string,
    { deliver, end_sessions = false }: ResetPasswordOfDto,
    call: Call,
  ): Promise<PasswordResetLinkDto | null> {
    const by = deliver ?? this.resets.defaultDelivery;
    if (by === 'mail') this.mails.assertConfigured();
    const link = await this.resets.open(userId, { deliver: by, endSessions: end_sessions }, call);
    if (!link) throw await this.whyNot(userId);
    return by === 'mail' ? null : link;
  }

  /** The same for the command line: the link, to be printed once. @throws Problem 404, 409 */
  async linkFor(userId: string, origin: Origin): Promise<PasswordResetLinkDto> {
    const link = await this.resets.open(userId, { deliver: 'link' }, origin);
    if (!link) throw await this.whyNot(userId);
    return link;
  }

  private async proofOf({ token, email, code, new_password }: ConfirmPasswordResetDto, origin: Origin): Promise<Proof> {
    if (tokenOrCode({ token, code }) === 'token') return this.proofs.byToken(token as string, 'reset');
    const typed = required(email, '/email');
    // without the names of the account: a refusal because of them would disclose that it exists
    this.passwords.assertAcceptable(new_password, {
      context: { email: typed, username: '' },
      pointer: '/new_password',
    });
    const address = normalizeEmail(typed) ?? typed;
    const find = () => this.challenges.findByAddress('reset', address);
    return this.proofs.byCode(code as string, { purpose: 'reset', address, find, origin });
  }

  private async whyNot(userId: string): Promise<Error> {
    return (await this.users.findById(userId))
      ? conflict('The account is deactivated or deleted: activate or restore it first.')
      : notFound('user');
  }
}

function identifierOf({ email, username }: RequestPasswordResetDto): string {
  if (email !== undefined && username !== undefined) throw invalidMember('/username', 'either_or', 'must not come together with email'); // prettier-ignore
  return email ?? required(username, '/email').trim();
}

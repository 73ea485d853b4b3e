import { Injectable, type OnModuleInit } from '@nestjs/common';
import { assertMatches } from '../../../http/conditional-requests.js';
import { Lists } from '../../../lists/lists.js';
import type { Page } from '../../../lists/pages.js';
import { Mails } from '../../../mail/mails.js';
import { conflict, notFound, problem, Problem, type ProblemCode } from '../../../problems.js';
import { type Call, type OpenCall, type Origin, type Principal, ROLES } from '../../../request.js';
import { MailLimits } from '../../../users/addresses/mail-limits.js';
import { requestedLocale } from '../../../users/locales.js';
import { UserImport } from '../../../users/import/user-import.js';
import { Passwords } from '../../../users/passwords/passwords.js';
import { toUserDto, type UserDto } from '../../../users/users.dto.js';
import { UsersService } from '../../../users/users.service.js';
import { assertLive, type Proof, Proofs } from '../proofs.js';
import { required } from '../recovery.fields.js';
import { InvitationStore, type Offer } from './invitation-store.js';
import { type AcceptInvitationDto, type CreateInvitationDto, DEFAULT_DAYS, type InvitationDto, type InvitationsQuery, toInvitationDto } from './invitations.dto.js'; // prettier-ignore

/** Accounts offered by mail. Until an invitation is accepted there is no account that anybody could sign in to or take over. */
@Injectable()
export class InvitationsService implements OnModuleInit {
  constructor(
    private readonly store: InvitationStore,
    private readonly proofs: Proofs,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
    private readonly lists: Lists,
    private readonly imports: UserImport,
  ) {}

  onModuleInit(): void {
    this.imports.onInvite((row, call) => this.create(row, call));
  }

  /** Invites somebody. @throws Problem 403 for a role above one's own, 409 `email_taken`, `invitation_open`, 503 `mail_not_configured` */
  async create(dto: CreateInvitationDto, call: Call): Promise<InvitationDto> {
    this.mails.assertConfigured();
    const { email, role = 'user', username, display_name, message, locale, expires_in_days } = dto;
    if (ROLES.indexOf(role) > ROLES.indexOf(call.me.role)) throw problem('forbidden');
    const invitation = {
      email,
      role,
      username: username ?? null,
      displayName: display_name ?? null,
      message: message ?? null,
      locale: locale ?? null,
      days: expires_in_days ?? DEFAULT_DAYS,
    };
    const row = await this.store.create(invitation, call).catch((error: unknown) => this.explain(error, email));
    if (!row) throw problem('email_taken');
    this.lists.changed('invitations');
    return toInvitationDto(row);
  }

  /** A page of invitations, newest first. */
  list(query: InvitationsQuery): Promise<Page<InvitationDto>> {
    return this.lists.page(this.store.list(query), query, toInvitationDto);
  }

  /** One invitation. @throws Problem 404 */
  async get(id: string): Promise<InvitationDto> {
    return toInvitationDto(await this.getRow(id));
  }

  /** Mails an invitation again. @throws Problem 404, 409 when it is accepted or revoked, 503 `mail_not_configured` */
  async resend(id: string, call: Call): Promise<void> {
    this.mails.assertConfigured();
    const { email, state } = await this.getRow(id);
    if (state === 'accepted' || state === 'revoked') throw conflict(`The invitation is ${state}.`);
    if (!(await this.limits.mayMail('invitation', email))) return;
    if (!(await this.store.resend(id, call))) throw conflict('The invitation is accepted or revoked.');
    this.lists.changed('invitations');
  }

  /** Revokes an invitation; repeating it does no harm. @throws Problem 404, 409 when it is accepted, 412 */
  async revoke(id: string, call: Call): Promise<void> {
    if (await this.store.revoke(id, call)) return this.lists.changed('invitations');
    const row = await this.getRow(id);
    if (row.state === 'revoked') return;
    assertMatches(toInvitationDto(row), call.versions);
    throw conflict('The invitation is accepted.');
  }

  /** The invitation behind a link. @throws Problem 410, 422 `link_invalid` */
  async offerOf(proof: Proof): Promise<Offer> {
    const { invitationId } = proof.challenge;
    const offer = invitationId === null ? null : await this.store.findOffer(invitationId);
    if (!offer || offer.state === 'revoked') throw problem('link_invalid');
    assertLive(proof);
    if (offer.state === 'accepted') throw problem('link_used');
    return offer;
  }

  /**
   * Creates the account; for the owner of an account with that address, verified, changes the role instead. A refused
   * request doesn't use up the invitation.
   * @throws Problem 409 `email_taken`, `username_taken`, 410, 422
   */
  async accept(dto: AcceptInvitationDto, call: OpenCall): Promise<{ user: UserDto; isNew: boolean }> {
    const { me } = call;
    const proof = await this.proofs.byToken(dto.token, 'invite');
    const offer = await this.offerOf(proof);
    if (me?.email === offer.email && isLinkAlone(dto)) return { user: await this.join(proof, me, call), isNew: false };
    if (await this.users.findByEmail(offer.email)) return this.refuse(proof, 'email_taken');
    const username = dto.username ?? required(offer.username ?? undefined, '/username');
    const password = required(dto.password, '/password');
    const context = { email: offer.email, username };
    const passwordHash = await this.passwords.hashNew(password, { context, signal: call.signal });
    const displayName = dto.display_name ?? null;
    const account = { username, passwordHash, displayName, locale: requestedLocale(undefined, call) };
    const id = await this.store.accept(proof.challenge.id, account, call).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'email_taken') return null;
      throw error;
    });
    if (!id) return this.refuse(proof, 'email_taken');
    this.lists.changed('users');
    return { user: toUserDto(await this.users.getRow(id)), isNew: true };
  }

  private async join(proof: Proof, me: Principal, origin: Origin): Promise<UserDto> {
    if (!(await this.users.findById(me.id))?.emailVerifiedAt) throw problem('email_taken');
    if (!(await this.store.join(proof.challenge.id, me.id, origin))) return this.refuse(proof, 'link_invalid');
    return toUserDto(await this.users.getRow(me.id));
  }

  /** Why an invitation could not be consumed: it was used or ended meanwhile, or for the other reason given. */
  private async refuse(proof: Proof, otherwise: ProblemCode): Promise<never> {
    await this.offerOf(await this.proofs.reread(proof));
    throw problem(otherwise);
  }

  private async getRow(id: string) {
    const row = await this.store.find(id);
    if (!row) throw notFound('invitation');
    return row;
  }

  /** Adds the `Location` of the open invitation to `invitation_open`. */
  private async explain(error: unknown, email: string): Promise<never> {
    const isOpen = error instanceof Problem && error.code === 'invitation_open';
    const id = isOpen ? await this.store.findOpen(email) : null;
    if (id === null) throw error;
    throw problem('invitation_open', { headers: { location: `/api/invitations/${id}` } });
  }
}

const isLinkAlone = ({ username, password, display_name }: AcceptInvitationDto) =>
  username === undefined && password === undefined && display_name === undefined;

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../../audit/audit.service.js';
import { recorded } from '../../../audit/recorded.js';
import { Database } from '../../../database/database.js';
import { deviceDigests, remembering } from '../../../users/addresses/known-devices.js';
import type { Call } from '../../../request.js';
import { containing, Conditions } from '../../../lists/conditions.js';
import { byCreation, type List } from '../../../lists/lists.js';
import { storing } from '../../../idempotency/idempotent.js';
import { PersonalData } from '../../../users/personal-data/personal-data.js';
import { Mails } from '../../../mail/mails.js';
import type { Invitation } from './invitation.entity.js';
import { type InvitationRow, type InvitationsQuery, toInvitationDto } from './invitations.dto.js';
import * as sql from './invitations.statements.js';
import { openingInvitation, usingInvitation } from '../../../users/addresses/invitation-challenge-ctes.js';

/** An invitation as its link shows it. */
export interface Offer extends InvitationRow {
  locale: string | null;
  inviterName: string | null;
}

/** Rows of invitations, with their challenges and mails. */
@Injectable()
export class InvitationStore implements OnModuleInit {
  private readonly acceptStatement = recorded({
    name: 'invitations.accept',
    before: [
      usingInvitation('$1'),
      `invitation AS (
         UPDATE invitations i SET accepted_at = now(), accepted_by = $2, version = i.version + 1
         FROM used WHERE i.id = used.invitation_id AND ${sql.IS_OPEN} RETURNING i.*)`,
      `account AS (
         INSERT INTO users (id, email, username, password_hash, display_name, role, locale, email_verified_at)
         SELECT $2, i.email, $3, $4, coalesce($5, i.display_name), i.role, coalesce(i.locale, $6), now() FROM invitation i
         RETURNING id)`,
    ],
    change: 'SELECT account.id, i.id AS invitation_id, i.role FROM account, invitation i',
    also: [remembering({ from: 'change', userId: 'id', network: '$7', agent: '$8' })],
    events: [{ action: 'invitation_accepted', actorId: 'id', details: sql.DETAILS }],
  });

  private readonly createStatement = recorded({
    name: 'invitations.create',
    before: [
      `stale AS (
         UPDATE invitations i SET revoked_at = now(), version = i.version + 1
         WHERE i.email = $2 AND ${sql.IS_OPEN} AND i.expires_at <= now() RETURNING i.id)`,
      `made AS (
         INSERT INTO invitations AS i (id, email, role, username, display_name, message, locale, invited_by, days, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::smallint, now() + $9::int * interval '1 day'
         WHERE (SELECT count(*) FROM stale) >= 0 -- after it, as its rows are in the index until then
           AND NOT EXISTS (SELECT FROM users WHERE email = $2 AND deleted_at IS NULL)
         RETURNING i.*)`,
      openingInvitation({ from: 'made', id: '$10' }),
    ],
    change: `SELECT ${sql.COLUMNS}, i.id AS invitation_id, jsonb_build_object('state', 'queued', 'last_error', NULL) AS mail FROM made i`,
    also: [`mail AS (${this.mail('made', 'i.locale')})`],
    events: [{ action: 'invitation_created', userId: 'NULL::uuid', details: sql.DETAILS }],
  });

  private readonly resendStatement = recorded({
    name: 'invitations.resend',
    before: [
      `renewed AS (
         UPDATE invitations i SET
           expires_at = CASE WHEN i.expires_at <= now() THEN now() + i.days * interval '1 day' ELSE i.expires_at END,
           version = i.version + (i.expires_at <= now())::int
         WHERE i.id = $1 AND ${sql.IS_OPEN} RETURNING i.*)`,
      openingInvitation({ from: 'renewed', id: '$2' }),
    ],
    change: 'SELECT i.id, i.id AS invitation_id, i.role FROM renewed i',
    also: [`mail AS (${this.mail('renewed', 'i.locale')})`],
    events: [{ action: 'invitation_resent', userId: 'NULL::uuid', details: sql.DETAILS }],
  });

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    this.personalData.registerRows({ name: 'invitations', tables: ['invitations'], rows: sql.OWN });
  }

  /**
   * Creates an invitation and mails it. Null when an account has the address.
   * @throws Problem 409 `invitation_open` when there is an open one for the address
   */
  async create(
    invitation: Pick<Invitation, 'email' | 'role' | 'username' | 'displayName' | 'message' | 'locale' | 'days'>,
    call: Call,
  ): Promise<InvitationRow | null> {
    const { email, role, username, displayName, message, locale, days } = invitation;
    const values = [uuidv7(), email, role, username, displayName, message, locale, call.me.id, days, uuidv7()];
    const answer = storing<InvitationRow>(call, ([made]) => made && { answer: toInvitationDto(made) });
    const [row] = await this.audit.write<InvitationRow>(this.createStatement, values, call, answer);
    this.mails.wake();
    return row ?? null;
  }

  /** The list that a query asks for, newest first. */
  list({ state, q }: InvitationsQuery): List<InvitationRow> {
    const conditions = new Conditions();
    if (state) conditions.add(`${sql.STATE} = $`, state);
    if (q) conditions.add(`fold_case(i.email || E'\\n' || coalesce(i.username, '') || E'\\n' || coalesce(i.display_name, '')) LIKE fold_case($)`, containing(q)); // prettier-ignore
    return {
      identity: ['invitations', state, q],
      columns: `${sql.COLUMNS}, ${sql.MAIL}`,
      from: 'invitations i',
      conditions,
      order: byCreation('i.created_at'),
      id: 'i.id',
      descending: true,
      isSearch: q !== undefined,
    };
  }

  /** The invitation with this id, or null. */
  async find(id: string): Promise<InvitationRow | null> {
    const [row] = await this.database.lookUp<InvitationRow>(sql.BY_ID, [id]);
    return row ?? null;
  }

  /** The id of the invitation that is open for this address. */
  async findOpen(email: string): Promise<string | null> {
    const [row] = await this.database.read<{ id: string }>(sql.OPEN_FOR, [email]);
    return row?.id ?? null;
  }

  /** The invitation behind a link, or null. */
  async findOffer(id: string): Promise<Offer | null> {
    const [row] = await this.database.lookUp<Offer>(sql.OFFER, [id]);
    return row ?? null;
  }

  /** Mails an invitation again; an expired one becomes valid again. False when it is accepted or revoked. */
  async resend(id: string, call: Actor): Promise<boolean> {
    const sent = await this.audit.write(this.resendStatement, [id, uuidv7()], call);
    this.mails.wake();
    return sent.length > 0;
  }

  /** Revokes an invitation. False when it isn't open, or `If-Match` names another version. */
  async revoke(id: string, call: Call): Promise<boolean> {
    return (await this.audit.write(sql.REVOKE, [id, call.versions], call)).length > 0;
  }

  /**
   * Consumes an invitation and creates the account, its address verified. Returns its id; null when the invitation is no
   * longer valid.
   * @throws Problem 409 `email_taken`, `username_taken`; then the invitation stays open
   */
  async accept(
    challengeId: string,
    account: { username: string; passwordHash: string; displayName: string | null; locale: string | null },
    call: Actor,
  ): Promise<string | null> {
    const { username, passwordHash, displayName, locale } = account;
    const id = uuidv7();
    const values = [challengeId, id, username, passwordHash, displayName, locale, ...deviceDigests(id, call)];
    return (await this.audit.write(this.acceptStatement, values, call)).length > 0 ? id : null;
  }

  /** Consumes an invitation for an account that has its address, verified: it gets the role. False when either condition fails. */
  async join(challengeId: string, userId: string, call: Actor): Promise<boolean> {
    return (await this.audit.write(sql.JOIN, [challengeId, userId], call)).length > 0;
  }

  private mail(from: string, locale: string): string {
    return this.mails.insert('invitation', {
      from: `challenge c JOIN ${from} i ON i.id = c.invitation_id LEFT JOIN users u ON u.id = i.invited_by`,
      to: 'c.email',
      challengeId: 'c.id',
      expiresAt: 'c.expires_at',
      locale,
      data: `jsonb_strip_nulls(jsonb_build_object('role', i.role, 'message', i.message, 'display_name', i.display_name,
        'invited_by', coalesce(u.display_name, u.username)))`,
    });
  }
}

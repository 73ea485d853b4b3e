import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../../audit/audit.service.js';
import { recorded } from '../../../audit/recorded.js';
import { Database, statement } from '../../../database/database.js';
import { deviceDigests, remembering } from '../../../users/addresses/known-devices.js';
import type { Call } from '../../../request.js';
import { containing, Conditions, hasVersion } from '../../../lists/conditions.js';
import { byCreation, type List } from '../../../lists/lists.js';
import { storing } from '../../../idempotency/idempotent.js';
import { PersonalData, timeAs } from '../../../users/personal-data/personal-data.js';
import { Mails } from '../../../mail/mails.js';
import {
  cancellingInvitation,
  openingInvitation,
  usingInvitation,
} from '../../../users/addresses/challenges.statements.js';
import type { Invitation } from './invitation.entity.js';
import { type InvitationRow, type InvitationsQuery, toInvitationDto } from './invitations.dto.js';

const IS_OPEN = 'i.accepted_at IS NULL AND i.revoked_at IS NULL';

const STATE = `CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
  WHEN i.expires_at <= now() THEN 'expired' ELSE 'open' END`;

const COLUMNS = `i.id, i.email, i.role, i.username, i.display_name AS "displayName", i.invited_by AS "invitedBy",
  i.created_at AS "createdAt", i.expires_at AS "expiresAt", i.accepted_at AS "acceptedAt", i.revoked_at AS "revokedAt",
  i.version, ${STATE} AS state`;

/** The latest mail of an invitation: at any time an address has one that is open. */
const MAIL = `(
  SELECT jsonb_build_object('state', o.state, 'last_error', o.last_error) FROM outbox o
  WHERE o.recipient = i.email AND o.kind = 'invitation' AND o.created_at >= i.created_at
  ORDER BY o.created_at DESC LIMIT 1) AS mail`;

const BY_ID = statement('invitations.by_id', `SELECT ${COLUMNS}, ${MAIL} FROM invitations i WHERE i.id = $1`);

const OPEN_FOR = statement('invitations.open_for', `SELECT i.id FROM invitations i WHERE i.email = $1 AND ${IS_OPEN}`);

const OFFER = statement(
  'invitations.offer',
  `SELECT ${COLUMNS}, i.locale, coalesce(u.display_name, u.username) AS "inviterName"
   FROM invitations i LEFT JOIN users u ON u.id = i.invited_by WHERE i.id = $1`,
);

const DETAILS = `jsonb_build_object('invitation_id', invitation_id, 'role', role)`;

const REVOKE = recorded({
  name: 'invitations.revoke',
  change: `UPDATE invitations i SET revoked_at = now(), version = i.version + 1
    WHERE i.id = $1 AND ${IS_OPEN} AND ${hasVersion('$2')} RETURNING i.id, i.id AS invitation_id, i.role`,
  also: [cancellingInvitation('change')],
  events: [{ action: 'invitation_revoked', userId: 'NULL::uuid', details: DETAILS }],
});

/** For who has the account: the role, never less than they have. */
const JOIN = recorded({
  name: 'invitations.join',
  before: [
    usingInvitation('$1'),
    `invitation AS (
       UPDATE invitations i SET accepted_at = now(), accepted_by = u.id, version = i.version + 1
       FROM used JOIN users u ON u.id = $2 AND u.email = used.email AND u.email_verified_at IS NOT NULL
       WHERE i.id = used.invitation_id AND ${IS_OPEN} RETURNING i.id, i.role)`,
    `promoted AS (
       UPDATE users u SET role = invitation.role, updated_at = now(), version = u.version + 1
       FROM invitation WHERE u.id = $2 AND u.role <> 'admin' AND u.role <> invitation.role RETURNING u.id)`,
  ],
  change:
    'SELECT $2::uuid AS id, id AS invitation_id, role, (SELECT count(*) FROM promoted) > 0 AS is_new FROM invitation',
  events: [
    { action: 'invitation_accepted', details: DETAILS },
    { action: 'role_changed', when: 'is_new', details: `jsonb_build_object('role', role)` },
  ],
});

/** What whoever opens the link is offered. */
export interface Offer extends InvitationRow {
  locale: string | null;
  inviterName: string | null;
}

/** Those that somebody made or accepted, as they may have them. */
const OWN = {
  shown: `jsonb_build_object('id', id, 'email', email, 'role', role, 'username', username, 'display_name', display_name,
    'message', message, 'invited_by', invited_by, 'accepted_by', accepted_by, ${timeAs('created_at')},
    ${timeAs('expires_at')}, ${timeAs('accepted_at')}, ${timeAs('revoked_at')})`,
  from: 'invitations',
  where: 'accepted_by = $ OR invited_by = $',
};

/** The rows of invitations, with their challenges and mails. */
@Injectable()
export class InvitationStore implements OnModuleInit {
  private readonly acceptStatement = recorded({
    name: 'invitations.accept',
    before: [
      usingInvitation('$1'),
      `invitation AS (
         UPDATE invitations i SET accepted_at = now(), accepted_by = $2, version = i.version + 1
         FROM used WHERE i.id = used.invitation_id AND ${IS_OPEN} RETURNING i.*)`,
      `account AS (
         INSERT INTO users (id, email, username, password_hash, display_name, role, locale, email_verified_at)
         SELECT $2, i.email, $3, $4, coalesce($5, i.display_name), i.role, coalesce(i.locale, $6), now() FROM invitation i
         RETURNING id)`,
    ],
    change: 'SELECT account.id, i.id AS invitation_id, i.role FROM account, invitation i',
    also: [remembering({ from: 'change', userId: 'id', network: '$7', agent: '$8' })],
    events: [{ action: 'invitation_accepted', actorId: 'id', details: DETAILS }],
  });

  private readonly createStatement = recorded({
    name: 'invitations.create',
    before: [
      `stale AS (
         UPDATE invitations i SET revoked_at = now(), version = i.version + 1
         WHERE i.email = $2 AND ${IS_OPEN} AND i.expires_at <= now() RETURNING i.id)`,
      `made AS (
         INSERT INTO invitations AS i (id, email, role, username, display_name, message, locale, invited_by, days, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::smallint, now() + $9::int * interval '1 day'
         WHERE (SELECT count(*) FROM stale) >= 0 -- after it, as its rows are in the index until then
           AND NOT EXISTS (SELECT FROM users WHERE email = $2 AND deleted_at IS NULL)
         RETURNING i.*)`,
      openingInvitation({ from: 'made', id: '$10' }),
    ],
    change: `SELECT ${COLUMNS}, i.id AS invitation_id, jsonb_build_object('state', 'queued', 'last_error', NULL) AS mail FROM made i`,
    also: [`mail AS (${this.mail('made', 'i.locale')})`],
    events: [{ action: 'invitation_created', userId: 'NULL::uuid', details: DETAILS }],
  });

  private readonly resendStatement = recorded({
    name: 'invitations.resend',
    before: [
      `renewed AS (
         UPDATE invitations i SET
           expires_at = CASE WHEN i.expires_at <= now() THEN now() + i.days * interval '1 day' ELSE i.expires_at END,
           version = i.version + (i.expires_at <= now())::int
         WHERE i.id = $1 AND ${IS_OPEN} RETURNING i.*)`,
      openingInvitation({ from: 'renewed', id: '$2' }),
    ],
    change: 'SELECT i.id, i.id AS invitation_id, i.role FROM renewed i',
    also: [`mail AS (${this.mail('renewed', 'i.locale')})`],
    events: [{ action: 'invitation_resent', userId: 'NULL::uuid', details: DETAILS }],
  });

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly mails: Mails,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    this.personalData.registerRows({ name: 'invitations', tables: ['invitations'], rows: OWN });
  }

  /**
   * Makes an invitation and mails it. Null when the address is an account's.
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
    if (state) conditions.add(`${STATE} = $`, state);
    if (q) conditions.add(`fold_case(i.email || E'\\n' || coalesce(i.username, '') || E'\\n' || coalesce(i.display_name, '')) LIKE fold_case($)`, containing(q)); // prettier-ignore
    return {
      identity: ['invitations', state, q],
      columns: `${COLUMNS}, ${MAIL}`,
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
    const [row] = await this.database.lookUp<InvitationRow>(BY_ID, [id]);
    return row ?? null;
  }

  /** The id of the invitation that is open for this address. */
  async findOpen(email: string): Promise<string | null> {
    const [row] = await this.database.read<{ id: string }>(OPEN_FOR, [email]);
    return row?.id ?? null;
  }

  /** What an invitation offers, or null when there is none with this id. */
  async findOffer(id: string): Promise<Offer | null> {
    const [row] = await this.database.lookUp<Offer>(OFFER, [id]);
    return row ?? null;
  }

  /** Mails an invitation again; an expired one lives anew. Returns false when it is accepted or revoked. */
  async resend(id: string, call: Actor): Promise<boolean> {
    const sent = await this.audit.write(this.resendStatement, [id, uuidv7()], call);
    this.mails.wake();
    return sent.length > 0;
  }

  /** Ends an invitation; its link opens nothing any more. False when it isn't open, or not in a version that the caller has seen. */
  async revoke(id: string, call: Call): Promise<boolean> {
    return (await this.audit.write(REVOKE, [id, call.versions], call)).length > 0;
  }

  /**
   * Uses an invitation up and makes the account, its address verified. Returns its id; null when the invitation doesn't
   * hold any more.
   * @throws Problem 409 `email_taken`, `username_taken`; then nothing is used up
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

  /** Uses an invitation up for an account that has its address, verified: it gets the role. False when either doesn't hold. */
  async join(challengeId: string, userId: string, call: Actor): Promise<boolean> {
    return (await this.audit.write(JOIN, [challengeId, userId], call)).length > 0;
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

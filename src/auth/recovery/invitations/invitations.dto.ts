import { withVersion } from '../../../http/conditional-requests.js';
import { Length, OneOf, Optional, SearchText, StringField, WholeNumber } from '../../../http/fields.js';
import { PageQuery } from '../../../lists/pages.js';
import { type Role, ROLES } from '../../../request.js';
import { DisplayName, Email, Locale, Username } from '../../../users/user-fields.js';
import type { Invitation } from './invitation.entity.js';

const INVITATION_STATES = ['open', 'accepted', 'expired', 'revoked'] as const;
export type InvitationState = (typeof INVITATION_STATES)[number];

/** Days until an invitation expires by default. */
export const DEFAULT_DAYS = 7;

/** A new invitation. */
export class CreateInvitationDto {
  /** The account will have this address, verified. @example "grace@example.com" */
  @Email()
  email: string;

  /** The role of the account; `user` by default. */
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  /** A suggestion; the person may choose another. @example "grace" */
  @Optional()
  @Username()
  username?: string;

  /** A suggestion. @example "Grace Hopper" */
  @DisplayName()
  display_name?: string | null;

  /** A personal message in the mail; plain text. @example "Welcome aboard" */
  @Optional()
  @Length(1, 500)
  message?: string;

  /** The language of the mail, and of the account. @example "de" */
  @Locale()
  locale?: string;

  /** Days until it expires, 1 to 30; 7 by default. */
  @Optional()
  @WholeNumber(1, 30)
  expires_in_days?: number;
}

/** Which invitations to list. */
export class InvitationsQuery extends PageQuery {
  /** Only those in this state. */
  @Optional()
  @OneOf(INVITATION_STATES)
  state?: InvitationState;

  /** A part of the address, the username or the display name, without regard to case. */
  @SearchText()
  q?: string;
}

/** The token of an invitation and the data of the new account. @bodies token, username, password | token */
export class AcceptInvitationDto {
  /** What stands behind `#token=` in the link. @example "iv_AZqy…" */
  @StringField()
  token: string;

  /** The suggested one by default. @example "grace" */
  @Optional()
  @Username()
  username?: string;

  /** At least 8 characters, at most 72 bytes; not a common one. @example "correct horse battery" */
  @Optional()
  @StringField()
  password?: string;

  /** The suggested one by default. @example "Grace Hopper" */
  @DisplayName()
  display_name?: string | null;
}

/** State of the latest mail of an invitation. */
export class InvitationMailDto {
  /** `failed` when the receiving server refused it; `expired` when it could not be sent in time. */
  state: 'queued' | 'sent' | 'failed' | 'expired';
  /** The receiving server's reply. */
  last_error: string | null;
}

/** An account offered by mail. @versioned */
export class InvitationDto {
  id: string;
  email: string;
  role: Role;
  username: string | null;
  display_name: string | null;
  state: InvitationState;
  /** The id of the inviting user; null when they are deleted. */
  invited_by: string | null;
  created_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
  revoked_at: Date | null;
  mail: InvitationMailDto;
}

/** An invitation as the statements select it. */
export interface InvitationRow extends Pick<
  Invitation,
  | 'id'
  | 'email'
  | 'role'
  | 'username'
  | 'displayName'
  | 'invitedBy'
  | 'createdAt'
  | 'expiresAt'
  | 'acceptedAt'
  | 'revokedAt'
  | 'version'
> {
  state: InvitationState;
  mail: InvitationMailDto | null;
}

/** The invitation as admins see it. */
export function toInvitationDto(row: InvitationRow): InvitationDto {
  const dto = {
    id: row.id,
    email: row.email,
    role: row.role,
    username: row.username,
    display_name: row.displayName,
    state: row.state,
    invited_by: row.invitedBy,
    created_at: row.createdAt,
    expires_at: row.expiresAt,
    accepted_at: row.acceptedAt,
    revoked_at: row.revokedAt,
    mail: row.mail ?? { state: 'sent' as const, last_error: null }, // sent mails are deleted from the outbox after a while
  };
  return withVersion(dto, { version: row.version, path: `/api/invitations/${row.id}` });
}

import { type Principal, type Role, ROLES } from '../request.js';
import { BooleanField, OneOf, Optional, QueryBoolean, SearchText, StringField, Time } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { withVersion } from '../http/conditional-requests.js';
import { DELIVERIES, type Delivery, type PasswordResetLinkDto } from './passwords/password-resets.dto.js';
import { DisplayName, Email, Locale, PictureUrl, Reason, Username } from './user-fields.js';
import type { User } from './user.entity.js';

/** What it takes to get an account. */
export class RegisterDto {
  /** Kept trimmed, in lower case, with the domain in ASCII; unique among accounts. @example "ada@example.com" */
  @Email()
  email: string;

  /** Kept as typed; unique without regard to case. @example "ada" */
  @Username()
  username: string;

  /** At least 8 characters, at most 72 bytes; not a common one. @example "correct horse battery" */
  @StringField()
  password: string;

  /** How others see the person. @example "Ada Lovelace" */
  @DisplayName()
  display_name?: string | null;

  /** @example "https://example.com/ada.png" */
  @PictureUrl()
  profile_picture_url?: string | null;

  /** The language of mails (BCP 47); what the client prefers unless said. @example "de" */
  @Locale()
  locale?: string | null;
}

export const KINDS = ['person', 'service'] as const;

/** What an admin says of a new account. */
export class CreateUserDto {
  /** `service` for a program: without address and password, it gets in by access tokens. `person` unless said. */
  @Optional()
  @OneOf(KINDS)
  kind?: (typeof KINDS)[number];

  /** Every person has one. Kept trimmed, in lower case, with the domain in ASCII; unique among accounts. @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** Kept as typed; unique without regard to case. @example "ada" */
  @Username()
  username: string;

  /** Left out, the person gets a link to choose one. @example "correct horse battery" */
  @Optional()
  @StringField()
  password?: string;

  /** Without a password: `mail` sends the link to the person (the default where mail is configured), `link` answers it. */
  @Optional()
  @OneOf(DELIVERIES)
  deliver?: Delivery;

  /** How others see the person. @example "Ada Lovelace" */
  @DisplayName()
  display_name?: string | null;

  /** @example "https://example.com/ada.png" */
  @PictureUrl()
  profile_picture_url?: string | null;

  /** The language of mails (BCP 47). @example "de" */
  @Locale()
  locale?: string | null;

  /** What the person may be; `user` unless said. */
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  /** Whether the person may sign in; true unless said. */
  @Optional()
  @BooleanField()
  is_active?: boolean;

  /** Whether you vouch for the address; else it gets a mail to verify it. */
  @Optional()
  @BooleanField()
  email_verified?: boolean;
}

/** What changes of an account. What is left out stays as it is. */
export class UpdateUserDto {
  /** @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** @example "ada" */
  @Optional()
  @Username()
  username?: string;

  /** null clears it. @example "Ada Lovelace" */
  @DisplayName()
  display_name?: string | null;

  /** null clears it. @example "https://example.com/ada.png" */
  @PictureUrl()
  profile_picture_url?: string | null;

  /** The language of mails (BCP 47); null clears it. @example "de" */
  @Locale()
  locale?: string | null;

  /** For admins. */
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  /** For admins. */
  @Optional()
  @BooleanField()
  is_active?: boolean;

  /** For admins: whether signing in must take a second factor, whatever the server asks of others. */
  @Optional()
  @BooleanField()
  mfa_required?: boolean;

  /** For admins: whether they vouch for the address. */
  @Optional()
  @BooleanField()
  email_verified?: boolean;

  /** For admins: why the account is deactivated; kept with the event. Only together with `is_active: false`. @example "Asked for it" */
  @Optional()
  @Reason()
  reason?: string;

  /** Needed to change one's own e-mail address. A verified one stays until the new mailbox has confirmed the change. */
  @Optional()
  @StringField()
  current_password?: string;
}

export const USER_SORTS = ['created_at', '-created_at', 'updated_at', '-updated_at', 'id', '-id', 'username', '-username', 'email', '-email', 'last_login_at', '-last_login_at'] as const; // prettier-ignore
export type UserSort = (typeof USER_SORTS)[number];
export const DELETED_FILTERS = ['exclude', 'only', 'include'] as const;

/** Which users to list. */
export class UsersQuery extends PageQuery {
  /** A part of the username or display name, for admins of the e-mail address too, without regard to case; or an id. */
  @SearchText()
  q?: string;

  /** The order; a minus turns it round. By e-mail address, `updated_at` and `last_login_at`: for admins. */
  @Optional()
  @OneOf(USER_SORTS)
  sort: UserSort = '-created_at';

  /** For admins: only those with this role. */
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  /** For admins: only those who may, or may not, sign in. */
  @Optional()
  @QueryBoolean()
  is_active?: boolean;

  /** For admins: whether to list deleted users. */
  @Optional()
  @OneOf(DELETED_FILTERS)
  deleted?: (typeof DELETED_FILTERS)[number];

  /** For admins: only those made at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @Time()
  created_since?: string;

  /** For admins: only those made before this time (RFC 3339). @example "2027-01-01T00:00:00Z" */
  @Optional()
  @Time()
  created_until?: string;

  /** For admins: only those who last signed in at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @Time()
  last_login_since?: string;

  /** For admins: only those who last signed in before this time (RFC 3339). @example "2027-01-01T00:00:00Z" */
  @Optional()
  @Time()
  last_login_until?: string;

  /** For admins: only those who have never signed in; false: only those who have. */
  @Optional()
  @QueryBoolean()
  never_signed_in?: boolean;

  /** For admins: only those who are held back after too many wrong attempts; false: only the others. */
  @Optional()
  @QueryBoolean()
  locked?: boolean;
}

/** How to delete a user. */
export class DeleteUserQuery {
  /** For admins: remove the row and all that hangs on it, for good. */
  @Optional()
  @QueryBoolean()
  purge: boolean = false;
}

/** What anybody who is signed in may see of a person. */
export class PublicUserDto {
  id: string;
  username: string;
  display_name: string | null;
  profile_picture_url: string | null;
  created_at: Date;
}

/** What people see of themselves, and admins of everybody. */
export class AccountDto extends PublicUserDto {
  /** null for a service account. */
  email: string | null;
  /** Whether somebody proved to read that mailbox. */
  email_verified: boolean;
  /** The address that it is being changed to, until it is confirmed from there. */
  pending_email: string | null;
  /** The language of mails (BCP 47); null means the request's, or the server's. */
  locale: string | null;
  role: Role;
  is_active: boolean;
  updated_at: Date;
  /** Whether the account has a password, or is only signed in to by a provider or a passkey. */
  has_password: boolean;
  /** Whether signing in takes a second factor. */
  mfa_enabled: boolean;
  /** Whether an admin has said that it must. */
  mfa_required: boolean;
}

/** What people see of themselves. */
export class UserDto extends AccountDto {
  /** For admins: when the user was deleted. */
  deleted_at?: Date | null;
  /** For admins: when the user last signed in. */
  last_login_at?: Date | null;
}

/** What admins see of everybody. */
export class AdminUserDto extends AccountDto {
  /** When the user was deleted. */
  deleted_at: Date | null;
  /** When the user last signed in. */
  last_login_at: Date | null;
}

/** What is counted against an account now. */
export class ThrottleDto {
  /** Wrong guesses at the password; a right one makes them forgotten. */
  attempts: number;
  /** Until when somebody is held back; null when nobody is. */
  until: Date | null;
}

/** An account that was just made for somebody. */
export class CreatedUserDto extends AdminUserDto {
  /** For an account without a password, unless it was mailed: how the person chooses one. Shown once. */
  password_reset?: PasswordResetLinkDto;
}

/** An account as the application itself needs it. */
export type AccountRow = Omit<User, 'passwordHash' | 'sessionGeneration' | 'purgeAt'> & { hasPassword: boolean };
/** The columns that the answers to oneself and to admins are made of. */
export type UserRow = AccountRow & { pendingEmail: string | null };
/** The columns that the answers to everybody else are made of. */
export type PublicUserRow = Pick<UserRow, 'id' | 'username' | 'displayName' | 'profilePictureUrl' | 'createdAt'>;

/** The signed-in person, with all that answers about them need (`@ReadsAccount`). */
export type Me = UserRow & Principal & { ownRole?: Role };

/** The person as somebody else may see them: whole for admins, who get all columns; the public part for others. */
export const showUser = (user: UserRow, me: Principal): UserDto | PublicUserDto =>
  me.role === 'admin' ? toUserDto(user, me) : toPublicUserDto(user);

/** The whole person, for themselves and for admins. */
export function toUserDto(user: UserRow & { ownRole?: Role }, viewer: Pick<Principal, 'role'> = user): UserDto {
  const dto: UserDto = {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    pending_email: user.pendingEmail,
    locale: user.locale,
    username: user.username,
    display_name: user.displayName,
    profile_picture_url: user.profilePictureUrl,
    role: user.ownRole ?? user.role,
    is_active: user.isActive,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    has_password: user.hasPassword,
    mfa_enabled: user.mfaEnabled,
    mfa_required: user.mfaRequired,
  };
  if (viewer.role === 'admin') {
    dto.deleted_at = user.deletedAt;
    dto.last_login_at = user.lastLoginAt;
  }
  return withVersion(dto, resourceOf(user));
}

/** The whole person, with what only admins see. */
export const toAdminUserDto = (user: UserRow): AdminUserDto => toUserDto(user, { role: 'admin' }) as AdminUserDto;

/** An account that was just made for somebody, with the link that lets them in, if it is to be handed over. */
export function toCreatedUserDto(user: UserRow, passwordReset: PasswordResetLinkDto | undefined): CreatedUserDto {
  const dto: CreatedUserDto = toAdminUserDto(user);
  if (!passwordReset) return dto;
  return withVersion({ ...dto, password_reset: passwordReset }, { ...resourceOf(user), isSecret: true });
}

/** The public part of a person. */
export function toPublicUserDto(user: PublicUserRow & { version?: number }): PublicUserDto {
  const dto = {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    profile_picture_url: user.profilePictureUrl,
    created_at: user.createdAt,
  };
  return user.version === undefined ? dto : withVersion(dto, resourceOf({ id: user.id, version: user.version }));
}

const resourceOf = ({ id, version }: Pick<UserRow, 'id' | 'version'>) => ({ version, path: `/api/users/${id}` });

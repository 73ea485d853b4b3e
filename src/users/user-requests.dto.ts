import { BooleanField, OneOf, Optional, QueryBoolean, SearchText, StringField, Time } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { type Role, ROLES } from '../request.js';
import { DELIVERIES, type Delivery } from './passwords/password-resets.dto.js';
import { DisplayName, Email, Locale, PictureUrl, Reason, Username } from './user-fields.js';

/** What people say of themselves. */
export class ProfileDto {
  /** How others see the person; null clears it. @example "Ada Lovelace" */
  @DisplayName()
  display_name?: string | null;

  /** null clears it. @example "https://example.com/ada.png" */
  @PictureUrl()
  profile_picture_url?: string | null;

  /** The language of mails (BCP 47); null clears it. @example "de" */
  @Locale()
  locale?: string | null;
}

/** What admins say of people, too. */
export class AccountFieldsDto extends ProfileDto {
  /** For admins. */
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  /** For admins. */
  @Optional()
  @BooleanField()
  is_active?: boolean;

  /** For admins: whether they vouch for the address. @example true */
  @Optional()
  @BooleanField()
  email_verified?: boolean;
}

/** What it takes to get an account. */
export class RegisterDto extends ProfileDto {
  /** Kept trimmed, in lower case, with the domain in ASCII; unique among accounts. @example "ada@example.com" */
  @Email()
  email: string;

  /** Kept as typed; unique without regard to case. @example "ada" */
  @Username()
  username: string;

  /** At least 8 characters, at most 72 bytes; not a common one. @example "correct horse battery" */
  @StringField()
  password: string;

  /** The language of mails (BCP 47); what the client prefers unless said. @example "de" */
  declare locale?: string | null;
}

export const KINDS = ['person', 'service'] as const;

/** What an admin says of a new account. */
export class CreateUserDto extends AccountFieldsDto {
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

  /** What the person may be; `user` unless said. */
  declare role?: Role;

  /** Whether the person may sign in; true unless said. */
  declare is_active?: boolean;

  /** Whether you vouch for the address; else it gets a mail to verify it. @example true */
  declare email_verified?: boolean;
}

/**
 * What changes of an account. What is left out stays as it is.
 * @bodies display_name | email, current_password | role=admin
 */
export class UpdateUserDto extends AccountFieldsDto {
  /** @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** @example "ada" */
  @Optional()
  @Username()
  username?: string;

  /** For admins: whether signing in must take a second factor, whatever the server asks of others. */
  @Optional()
  @BooleanField()
  mfa_required?: boolean;

  /** For admins: why the account is deactivated; kept with the event. Only together with `is_active: false`. @example "Asked for it" */
  @Optional()
  @Reason()
  reason?: string;

  /** Needed to change one's own e-mail address. A verified one stays until the new mailbox has confirmed the change. */
  @Optional()
  @StringField()
  current_password?: string;
}

const USER_SORTS = ['created_at', '-created_at', 'updated_at', '-updated_at', 'id', '-id', 'username', '-username', 'email', '-email', 'last_login_at', '-last_login_at'] as const; // prettier-ignore
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

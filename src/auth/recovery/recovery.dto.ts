import { BooleanField, OneOf, Optional, StringField } from '../../http/fields.js';
import type { Role } from '../../request.js';
import type { LinkPurpose } from '../../mail/links.js';
import { DELIVERIES, type Delivery } from '../../users/passwords/password-resets.dto.js';
import { Email, Locale } from '../../users/user-fields.js';

/** The token of a mailed link. */
export class LinkDto {
  /** The part after `#token=` in the link. @example "pr_AZqy…" */
  @StringField()
  token: string;
}

/**
 * A mailed link or code, and the proof of the account: a bearer token, or its password.
 * @bodies token | token, password | code | email, code, password
 */
export class ConfirmEmailDto {
  /** The part after `#token=` in the link; or else `code`. @example "ev_AZqy…" */
  @Optional()
  @StringField()
  token?: string;

  /** The address that the code was sent to; with `code`, without a bearer token. @example "ada@example.com" */
  @Optional()
  @StringField()
  email?: string;

  /** Six digits; spaces and hyphens are ignored. @example "482 915" */
  @Optional()
  @StringField()
  code?: string;

  /** The password of the account, without a bearer token. */
  @Optional()
  @StringField()
  password?: string;
}

/** The recipient of the verification mail. */
export class SendVerificationDto {
  /** Only without a bearer token. @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** The language of the mail, unless the account has one. @example "de" */
  @Locale()
  locale?: string;
}

/** The account whose password is reset: its address or username. @bodies email | username */
export class RequestPasswordResetDto {
  /** @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** @example "ada" */
  @Optional()
  @StringField()
  username?: string;

  /** The language of the mail, unless the account has one. @example "de" */
  @Locale()
  locale?: string;
}

/** A link, or an address and its code, and the new password. @bodies token, new_password | email, code, new_password */
export class ConfirmPasswordResetDto {
  /** The part after `#token=` in the link; or else `email` and `code`. @example "pr_AZqy…" */
  @Optional()
  @StringField()
  token?: string;

  /** @example "ada@example.com" */
  @Optional()
  @StringField()
  email?: string;

  /** Six digits; spaces and hyphens are ignored. @example "482 915" */
  @Optional()
  @StringField()
  code?: string;

  /** At least 8 characters, at most 72 bytes; not a common one. @example "a better horse battery" */
  @StringField()
  new_password: string;
}

/** How an admin resets a user's password. @bodies deliver | deliver=link, end_sessions */
export class ResetPasswordOfDto {
  /** `mail` sends the link to the user (the default where mail is configured), `link` returns it to the admin, once. */
  @Optional()
  @OneOf(DELIVERIES)
  deliver?: Delivery;

  /** Whether the user's sessions end at once, and not only with the new password. @example true */
  @Optional()
  @BooleanField()
  end_sessions?: boolean;
}

/** What a link is for. */
export class LinkPreviewDto {
  /** @example "invite" */
  purpose: LinkPurpose;
  /** The address that it is for. @example "ada@example.com" */
  email: string;
  expires_at: Date;
  /** For an invitation. */
  role?: Role;
  /** For an invitation: the name of the inviting user, if they still exist. @example "Grace Hopper" */
  invited_by?: string | null;
  /** For an invitation. */
  display_name?: string | null;
}

/** The proof that it is one's own account. */
export class DeleteAccountDto {
  @StringField()
  current_password: string;
}

/** A deleted account. */
export class DeletedAccountDto {
  /** When it will be purged; null where deleted accounts are kept. */
  purge_at: Date | null;
}

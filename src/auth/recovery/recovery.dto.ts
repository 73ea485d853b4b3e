import { BooleanField, OneOf, Optional, StringField } from '../../http/fields.js';
import type { Role } from '../../request.js';
import type { LinkPurpose } from '../../mail/links.js';
import { DELIVERIES, type Delivery } from '../../users/passwords/password-resets.dto.js';
import { Email, Locale } from '../../users/user-fields.js';

/** The token of a link that came by mail. */
export class LinkDto {
  /** What stands behind `#token=` in the link. @example "pr_AZqy…" */
  @StringField()
  token: string;
}

/**
 * A link or a code that came by mail, and who shows it: a bearer token, or the password of the account.
 * @bodies token | token, password | code | email, code, password
 */
export class ConfirmEmailDto {
  /** What stands behind `#token=` in the link; or else `code`. @example "ev_AZqy…" */
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

/** Whom to send the verification mail to. */
export class SendVerificationDto {
  /** Without a bearer token. @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** The language of the mail, if none is kept for the account. @example "de" */
  @Locale()
  locale?: string;
}

/** Whose password is to be reset: an address or a username. @bodies email | username */
export class RequestPasswordResetDto {
  /** @example "ada@example.com" */
  @Optional()
  @Email()
  email?: string;

  /** @example "ada" */
  @Optional()
  @StringField()
  username?: string;

  /** The language of the mail, if none is kept for the account. @example "de" */
  @Locale()
  locale?: string;
}

/** A link, or an address and its code, and the new password. @bodies token, new_password | email, code, new_password */
export class ConfirmPasswordResetDto {
  /** What stands behind `#token=` in the link; or else `email` and `code`. @example "pr_AZqy…" */
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

/** How an admin has somebody's password reset. @bodies deliver | deliver=link, end_sessions */
export class ResetPasswordOfDto {
  /** `mail` sends it to the user (the default where mail is configured), `link` shows it to the admin, once. */
  @Optional()
  @OneOf(DELIVERIES)
  deliver?: Delivery;

  /** Whether to end the user's sessions at once, and not only with the new password. @example true */
  @Optional()
  @BooleanField()
  end_sessions?: boolean;
}

/** What a link is for, before anything is done with it. */
export class LinkPreviewDto {
  /** @example "invite" */
  purpose: LinkPurpose;
  /** The address that it proves. @example "ada@example.com" */
  email: string;
  expires_at: Date;
  /** Of an invitation. */
  role?: Role;
  /** Of an invitation: the name of who invites, if they are still there. @example "Grace Hopper" */
  invited_by?: string | null;
  /** Of an invitation. */
  display_name?: string | null;
}

/** The proof that it is one's own account. */
export class DeleteAccountDto {
  @StringField()
  current_password: string;
}

/** What becomes of a deleted account. */
export class DeletedAccountDto {
  /** When it will be gone for good; null where deleted accounts are kept. */
  purge_at: Date | null;
}

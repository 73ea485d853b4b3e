import { days } from '../config/durations.js';
import type { LinkPurpose } from './links.js';

interface MailKindOptions {
  /** What the link in it is good for; it has one if its job has a challenge. */
  link?: LinkPurpose;
  /** The link may also be typed as six digits. */
  code?: boolean;
  /** For how long sending it is of use, where no link in it says so. Milliseconds. */
  expiresAfter?: number;
}

/** A notice that comes later than this surprises more than it helps. */
const NOTICE = { expiresAfter: days(3) };

/** Every mail that is sent, with what its link does. */
export const MAIL_KINDS = {
  verify: { link: 'verify', code: true, expiresAfter: days(1) },
  already_registered: { expiresAfter: days(1) },
  reset: { link: 'reset', code: true, expiresAfter: days(1) },
  change: { link: 'change', code: true, expiresAfter: days(1) },
  email_change_requested: { link: 'revert', expiresAfter: days(7) },
  email_changed: { link: 'revert', expiresAfter: days(7) },
  address_in_use: { expiresAfter: days(1) },
  invitation: { link: 'invite', expiresAfter: days(30) },
  new_sign_in: NOTICE,
  password_changed: NOTICE,
  password_reset: NOTICE,
  session_theft: NOTICE,
  account_deleted: { link: 'restore', expiresAfter: days(3) },
  account_restored: NOTICE,
  role_changed: NOTICE,
  account_deactivated: NOTICE,
  factor_added: NOTICE,
  factor_removed: NOTICE,
  factors_reset: NOTICE,
  recovery_code_used: NOTICE,
  recovery_codes_low: NOTICE,
  wrong_second_factor: NOTICE,
  identity_linked: NOTICE,
  identity_unlinked: NOTICE,
  token_created: NOTICE,
  token_revoked: NOTICE,
  token_expiring: NOTICE,
  webhook_disabled: NOTICE,
  test: { expiresAfter: days(1) },
} as const satisfies Record<string, MailKindOptions>;

export type MailKind = keyof typeof MAIL_KINDS;

/** What a kind of mail is like. */
export const kindOptions = (kind: MailKind): MailKindOptions => MAIL_KINDS[kind];

/** Whether a job's kind is one that there is a mail for. */
export const isMailKind = (kind: string): kind is MailKind => Object.hasOwn(MAIL_KINDS, kind);

/** What a mail can say, as it stands in a job's `data`. All of it optional: what is missing is left out of the mail. */
export interface MailWords {
  /** The language, if it isn't the default one. */
  locale?: string;
  /** The account that it is about. */
  username?: string;
  /** From where somebody did it. */
  ip?: string;
  user_agent?: string;
  /** An admin did it, not the person. */
  by_admin?: boolean;
  old_email?: string;
  new_email?: string;
  role?: string;
  invited_by?: string;
  /** What the inviting person wrote, plain text. */
  message?: string;
  display_name?: string;
  /** When a deleted account will be purged, RFC 3339. */
  purge_at?: string;
  /** When an access token ends, RFC 3339. */
  expires_at?: string;
  factor?: 'totp' | 'passkey' | 'recovery_codes';
  /** What somebody called a factor or a token. */
  name?: string;
  provider?: string;
  /** How many recovery codes are left. */
  left?: number;
  /** The address of a webhook. */
  url?: string;
  reason?: string;
}

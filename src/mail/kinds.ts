import { days } from '../config/durations.js';
import type { LinkPurpose } from './links.js';

interface MailKindOptions {
  /** The purpose of its link; a mail has one if its job has a challenge. */
  link?: LinkPurpose;
  /** Whether the link can be replaced by a code of six digits. */
  code?: boolean;
  /** Milliseconds after which it isn't sent any more, unless the expiry of its link decides. */
  expiresAfter?: number;
}

/** A notice that is later than this is confusing rather than helpful. */
const NOTICE = { expiresAfter: days(3) };

/** All kinds of mails, with their links. */
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

/** The options of a kind of mail. */
export const kindOptions = (kind: MailKind): MailKindOptions => MAIL_KINDS[kind];

/** Whether a job's kind is a kind of mail. */
export const isMailKind = (kind: string): kind is MailKind => Object.hasOwn(MAIL_KINDS, kind);

/** The values in a mail, stored in a job's `data`. All are optional: missing ones are left out of the mail. */
export interface MailWords {
  /** The language, unless it is the default one. */
  locale?: string;
  /** The account that it is about. */
  username?: string;
  /** The client's IP address. */
  ip?: string;
  user_agent?: string;
  /** Whether an admin did it. */
  by_admin?: boolean;
  old_email?: string;
  new_email?: string;
  role?: string;
  invited_by?: string;
  /** The personal message of an invitation, plain text. */
  message?: string;
  display_name?: string;
  /** When a deleted account will be purged, RFC 3339. */
  purge_at?: string;
  /** When an access token expires, RFC 3339. */
  expires_at?: string;
  factor?: 'totp' | 'passkey' | 'recovery_codes';
  /** The name of a factor or token. */
  name?: string;
  provider?: string;
  /** The number of remaining recovery codes. */
  left?: number;
  /** The URL of a webhook. */
  url?: string;
  reason?: string;
}

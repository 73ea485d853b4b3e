import { MAIL_KINDS, type MailKind, type MailWords } from '../../src/mail/kinds.js';
import type { Mails } from '../../src/mail/mails.js';

const CHALLENGE = '0190a0a0-0000-7000-8000-00000000000a';
const ORIGIN: MailWords = {
  username: 'ada',
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
};

/** Words for each kind, as a flow would give them. */
const WORDS: Partial<Record<MailKind, MailWords>> = {
  email_change_requested: { ...ORIGIN, new_email: 'ada.lovelace@example.org' },
  email_changed: { ...ORIGIN, new_email: 'ada.lovelace@example.org' },
  invitation: { invited_by: 'Grace Hopper', role: 'user', message: 'Hello Ada,\n\nwe’d like you to join us.\nGrace' },
  account_deleted: { ...ORIGIN, purge_at: '2026-12-26T10:00:00Z' },
  role_changed: { ...ORIGIN, role: 'admin' },
  factor_added: { ...ORIGIN, factor: 'passkey', name: 'Ada’s phone' },
  factor_removed: { ...ORIGIN, factor: 'totp' },
  recovery_code_used: { ...ORIGIN, left: 4 },
  recovery_codes_low: { ...ORIGIN, left: 3 },
  identity_linked: { ...ORIGIN, provider: 'GitHub' },
  identity_unlinked: { ...ORIGIN, provider: 'GitHub' },
  token_created: { ...ORIGIN, name: 'nightly export', expires_at: '2027-02-01T00:00:00Z' },
  token_revoked: { ...ORIGIN, name: 'nightly export' },
  token_expiring: { username: 'ada', name: 'nightly export', expires_at: '2027-02-01T00:00:00Z' },
  webhook_disabled: { url: 'https://hooks.example.org/userhub', reason: 'no answer for 3 days' },
  test: {},
};

/** Every kind of mail. */
export const KINDS = Object.keys(MAIL_KINDS) as MailKind[];

/** Sends one mail of a kind, with words as a flow would give them. */
export async function sendSample(mails: Mails, kind: MailKind, to: string, more: MailWords = {}): Promise<string> {
  const hasLink = 'link' in MAIL_KINDS[kind];
  const words = { ...(WORDS[kind] ?? ORIGIN), ...more };
  const id = await mails.send(kind, { to, words, ...(hasLink && { challengeId: CHALLENGE }) });
  if (!id) throw new Error('Mail is not configured');
  return id;
}

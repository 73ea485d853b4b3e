import { type EventTemplate, recorded, type RecordedStatement } from '../audit/recorded.js';
import { changing, hasVersion } from '../lists/conditions.js';
import type { Mails } from '../mail/mails.js';
import { PENDING_EMAIL_TOPIC } from './addresses/challenges.statements.js';
import { USER_COLUMNS } from './users.statements.js';
import { cancelling, opening, toChallenged } from './addresses/challenge-ctes.js';

/** How an address is changed: not at all, at once, or once the new mailbox has confirmed it. */
export type AddressChange = 'none' | 'at once' | 'pending';

/** What the text of the statement depends on. */
export interface StatementParts {
  /** What is changed. */
  columns: readonly string[];
  assignments: string;
  differs: string;
  address: AddressChange;
  isOwn: boolean;
  isAdmin: boolean;
  /** Whether an admin sets if the address is verified. */
  vouches: boolean;
  /** Whether all sessions end. */
  ends?: boolean;
}

/** The columns that `user_updated` reports: the others have events of their own. */
const PROFILE = ['username', 'display_name', 'profile_picture_url', 'locale'] as const;

/** The row before the change; it joins the row after it. */
const BEFORE = `(SELECT email AS old_email, role AS old_role, is_active AS was_active, mfa_required AS was_mfa_required, email_verified_at AS old_verified_at,
    ${PROFILE.map((column) => `${column} AS old_${column}`).join(', ')} FROM old) AS before`;

const IS_MOVED = 'email IS DISTINCT FROM old_email';
const HAS_NEW_ROLE = 'role <> old_role';
const IS_DEACTIVATED = `was_active AND NOT "isActive"`;

/** The events of a change, with the columns that cause them: a statement has no plan for those that it can't cause. */
const EVENTS: (EventTemplate & { of?: string[] })[] = [
  {
    action: 'user_updated',
    when: `changed_members <> ''`,
    details: `jsonb_build_object('changed', changed_members)`,
  },
  { of: ['email'], action: 'email_changed', when: IS_MOVED },
  {
    of: ['email', 'email_verified'],
    action: 'email_verified',
    when: `"emailVerifiedAt" IS NOT NULL AND (old_verified_at IS NULL OR ${IS_MOVED})`,
  },
  { of: ['role'], action: 'role_changed', when: HAS_NEW_ROLE, details: `jsonb_build_object('role', role)` },
  {
    of: ['mfa_required'],
    action: 'mfa_required_changed',
    when: '"mfaRequired" <> was_mfa_required',
    details: `jsonb_build_object('mfa_required', "mfaRequired"::text)`,
  },
  { of: ['is_active'], action: 'user_activated', when: `"isActive" AND NOT was_active` },
  {
    of: ['is_active'],
    action: 'user_deactivated',
    when: IS_DEACTIVATED,
    details: `jsonb_build_object('reason', $3::text)`,
  },
];

/** Casts: a parameter needs a type even in variants that don't use it. */
const PARAMETERS = 'parameters AS (SELECT $3::text, $4::uuid, $5::bigint, $6::jsonb, $7::boolean, $8::boolean)';

/** The statements that change an account, with events and mails. */
export class UserUpdateStatements {
  private readonly statements = new Map<string, RecordedStatement>();

  constructor(private readonly mails: Mails) {}

  /** The statement for a combination of what is changed and by whom; built once. */
  get(parts: StatementParts): RecordedStatement {
    const key = JSON.stringify(parts);
    const known = this.statements.get(key) ?? this.build(`users.update_${this.statements.size}`, parts);
    this.statements.set(key, known);
    return known;
  }

  /** Parameters: $1 id, $2 versions, $3 reason, $4 and $5 a challenge and its lifetime, $6 words, $7 mail, $8 verified. */
  private build(name: string, parts: StatementParts): RecordedStatement {
    const { address, isOwn, isAdmin, vouches, ends } = parts;
    const columns = vouches ? [...parts.columns, 'email_verified'] : parts.columns;
    // a verified address of one's own isn't replaced at once, even if it was verified just now
    const stays = address === 'at once' && isOwn && this.mails.isConfigured ? 'AND email_verified_at IS NULL' : '';
    const where = `id = $1 AND deleted_at IS NULL ${isAdmin ? '' : 'AND is_active'} ${stays} AND ${hasVersion('$2')}`;
    const verified = verifiedAt(parts);
    const assignments = [
      parts.assignments,
      verified && `email_verified_at = ${verified}`,
      ends && 'session_generation = t.session_generation + 1',
    ];
    const differs = [parts.differs, vouches && '(old.email_verified_at IS NOT NULL) IS DISTINCT FROM $8::boolean'];
    const update = {
      table: 'users',
      where,
      assignments: assignments.filter(Boolean).join(', '),
      differs: differs.filter(Boolean).join(' OR '),
    };
    return recorded({
      name,
      topic: PENDING_EMAIL_TOPIC,
      before: [PARAMETERS, changing(update)],
      change: `SELECT ${USER_COLUMNS}, before.*, ${changedMembers(columns)} AS changed_members FROM current, ${BEFORE}`,
      also: [...(address === 'at once' ? this.onMove(isOwn) : []), ...(isOwn ? [] : this.onAdmins())],
      events: EVENTS.filter(({ of }) => !of || of.some((column) => columns.includes(column))),
    });
  }

  /** For a new address: cancels links sent to the old one, and mails a verification to the new one. */
  private onMove(isOwn: boolean): string[] {
    const moved = { from: 'moved', userId: 'id', locale: 'locale' };
    const data = `$6::jsonb || jsonb_build_object('username', username, 'old_email', old_email, 'new_email', email)`;
    const wasVerified = 'old_verified_at IS NOT NULL';
    const notices = isOwn
      ? []
      : [
          `notice_old AS (${this.mails.insert('email_changed', { ...moved, to: 'old_email', data, where: wasVerified })})`,
          `notice_new AS (${this.mails.insert('email_changed', { ...moved, to: 'email', data, where: wasVerified })})`,
        ];
    return [
      `moved AS (SELECT * FROM change WHERE ${IS_MOVED})`,
      cancelling({ purposes: ['reset', 'change'], from: 'moved' }),
      opening({
        purpose: 'verify',
        from: 'moved',
        id: '$4::uuid',
        lifetime: '$5::bigint',
        where: `$7::boolean AND ${this.mails.isConfigured} AND "emailVerifiedAt" IS NULL AND "isActive"`,
      }),
      `mail AS (${this.mails.insert('verify', {
        ...toChallenged('moved'),
        data: `$6::jsonb || jsonb_build_object('username', a.username)`,
      })})`,
      ...notices,
    ];
  }

  /** Notices to the user of what an admin changed. */
  private onAdmins(): string[] {
    const notice = { from: 'change', to: 'email', userId: 'id', locale: 'locale' };
    return [
      `notice_role AS (${this.mails.insert('role_changed', { ...notice, data: `jsonb_build_object('username', username, 'role', role)`, where: HAS_NEW_ROLE })})`,
      `notice_deactivated AS (${this.mails.insert('account_deactivated', { ...notice, data: `jsonb_build_object('username', username)`, where: IS_DEACTIVATED })})`,
    ];
  }
}

/** SQL: when the address was verified, after the change; undefined when that doesn't change. */
function verifiedAt({ address, vouches, assignments }: StatementParts): string | undefined {
  const email = /\bemail = (\$\d+)/.exec(assignments)?.[1];
  const kept = email && address === 'at once' ? `CASE WHEN old.email = ${email} THEN old.email_verified_at END` : 'old.email_verified_at'; // prettier-ignore
  if (vouches) return `CASE WHEN $8::boolean THEN coalesce(${kept}, now()) END`;
  return email ? kept : undefined;
}

/** SQL: which of these columns are not what they were, of those that `user_updated` reports. */
function changedMembers(columns: readonly string[]): string {
  const reported = PROFILE.filter((column) => columns.includes(column));
  const named = reported.map(
    (column) => `CASE WHEN current.${column} IS DISTINCT FROM old_${column} THEN '${column}' END`,
  );
  return `concat_ws(',', ${['NULL', ...named].join(', ')})`;
}

import type { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { type ForeignCount, hasArgon2 } from '../users/passwords/foreign-hashes.js';
import { COUNT_FOREIGN } from '../users/passwords/passwords.statements.js';
import { countUnusableHashes } from '../users/passwords/unusable-hashes.js';
import { bad, doubtful, type Finding, good } from './findings.js';

const HAS_ADMIN = `
  SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND deleted_at IS NULL) AS found`;

const UNVERIFIED_ADMINS = `
  SELECT count(*)::int AS count FROM users
  WHERE role = 'admin' AND is_active AND deleted_at IS NULL AND email_verified_at IS NULL AND email IS NOT NULL`;

/** Findings about admins and password hashes. */
export async function examineAccounts(db: DataSource, settings: Settings): Promise<Finding[]> {
  return [
    await admins(db),
    ...(await unverifiedAdmins(db, settings)),
    ...(await hashes(db, settings)),
    ...(await foreignHashes(db)),
  ];
}

async function admins(db: DataSource): Promise<Finding> {
  const [{ found }] = await db.query<[{ found: boolean }]>(HAS_ADMIN);
  return found ? good('There is an admin.') : doubtful('There is no admin.', 'Make one: userhub create-admin');
}

/** Admins who can't sign in until they verify their address, because of REQUIRE_VERIFIED_EMAIL. */
async function unverifiedAdmins(db: DataSource, { accounts }: Settings): Promise<Finding[]> {
  if (!accounts.requireVerifiedEmail) return [];
  const [{ count }] = await db.query<[{ count: number }]>(UNVERIFIED_ADMINS);
  if (!count) return [];
  const text = `REQUIRE_VERIFIED_EMAIL keeps ${count} admin${count === 1 ? '' : 's'} out whose address isn't verified.`;
  return [
    doubtful(text, 'They get a mail when they sign in; or take older addresses for verified: userhub verify-emails'),
  ];
}

async function hashes(db: DataSource, { passwords }: Settings): Promise<Finding[]> {
  const count = await countUnusableHashes((text, values) => db.query(text, values), passwords.peppers, {
    among: 'all',
  });
  if (!count) return passwords.peppers.length ? [good('The pepper of every password is at hand.')] : [];
  return [
    bad(
      `Nobody can sign in with ${count} of the passwords: PASSWORD_PEPPER lacks the pepper that they were hashed with.`,
      'Set it again; after a change list both, with a comma between them: the new one, then the old one.',
    ),
  ];
}

/** Accounts that have not signed in since an import. */
async function foreignHashes(db: DataSource): Promise<Finding[]> {
  const counts = await db.query<ForeignCount[]>(COUNT_FOREIGN.text, [null]);
  if (!counts.length) return [];
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const text = `${total} accounts still have the hash of another system (${counts.map(({ scheme, count }) => `${count} ${scheme}`).join(', ')}).`;
  const needsArgon2 = counts.some(({ scheme }) => scheme === 'argon2') && !hasArgon2();
  return [
    needsArgon2
      ? bad(`${text} argon2 can't be verified here.`, 'Install it: npm install @node-rs/argon2')
      : good(`${text} Each is renewed when its owner signs in.`),
  ];
}

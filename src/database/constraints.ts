import { conflict, notFound, type Problem, problem } from '../problems.js';
import { databaseError } from './database-error.js';

/**
 * Problems by the name of a violated constraint, so that nothing is checked before it is inserted. A foreign key is violated
 * when the referenced row was deleted while the request ran. Every `_key` and `_fkey` of the migrations has an entry; a test
 * checks it.
 */
const CONSTRAINTS: Record<string, () => Problem> = {
  users_email_key: () => problem('email_taken'),
  users_username_key: () => problem('username_taken'),
  mail_challenges_user_id_fkey: () => notFound('user'),
  mail_challenges_invitation_id_fkey: () => notFound('invitation'),
  mail_challenges_open_key: () => conflict('A concurrent request asked for the same. Try again.'),
  mail_challenges_invitation_key: () => conflict('A concurrent request asked for the same. Try again.'),
  known_devices_user_id_fkey: () => notFound('user'),
  invitations_email_open_key: () => problem('invitation_open'),
  invitations_invited_by_fkey: () => notFound('user'),
  invitations_accepted_by_fkey: () => notFound('user'),
  sessions_user_id_fkey: () => notFound('user'),
  totp_factors_user_id_fkey: () => notFound('user'),
  recovery_codes_user_id_fkey: () => notFound('user'),
  passkeys_user_id_fkey: () => notFound('user'),
  passkeys_credential_id_key: () => problem('passkey_known'),
  remembered_devices_user_id_fkey: () => notFound('user'),
  identities_user_id_fkey: () => notFound('user'),
  identities_issuer_subject_key: () => problem('identity_taken'),
  provider_results_code_hash_key: () => conflict('This sign-in exists already. Try again.'),
  access_tokens_user_id_fkey: () => notFound('user'),
  access_tokens_hash_key: () => conflict('This token exists already. Try again.'),
  posts_author_id_fkey: () => problem('invalid_token'), // the caller was deleted
  likes_post_id_fkey: () => notFound('post'),
};

/** Other references to users are owners of rows: the caller was deleted a moment ago. */
const OWNER = '_user_id_fkey';

/** The problem of a violated constraint; undefined when it has none. */
export function violation(error: unknown): Problem | undefined {
  const { constraint = '' } = databaseError(error);
  if (constraint in CONSTRAINTS) return CONSTRAINTS[constraint]?.();
  return constraint.endsWith(OWNER) ? problem('invalid_token') : undefined;
}

/** What can go wrong with an operation: mostly known by what it is, and for the rest by the table below. */
import { PROBLEM_CODES, type ProblemCode } from '../../src/problems.js';
import { sameFor } from './document.js';

/** What an operation may fail with besides what its kind tells. */
const OWN_FAILURES: Record<string, ProblemCode[]> = {
  registerUser: ['email_taken', 'username_taken'],
  login: ['invalid_credentials', 'invalid_refresh_token', 'refresh_token_reused', 'too_many_requests'],
  issueToken: ['invalid_credentials', 'invalid_refresh_token', 'refresh_token_reused', 'too_many_requests'],
  refreshTokens: ['invalid_refresh_token', 'refresh_token_reused', 'too_many_requests'],
  logout: ['not_authenticated'],
  changePassword: ['wrong_password', 'too_many_requests'],
  listUsers: ['forbidden'],
  createUser: ['email_taken', 'username_taken'],
  getUserByEmail: ['forbidden'],
  ...sameFor(
    ['replaceUser', 'updateUser'],
    [
      'forbidden',
      'field_forbidden',
      'wrong_password',
      'conflict',
      'email_taken',
      'username_taken',
      'last_admin',
      'too_many_requests',
    ],
  ),
  deleteUser: ['forbidden', 'last_admin'],
  restoreUser: ['email_taken', 'username_taken'],
  ...sameFor(['replacePost', 'updatePost', 'deletePost'], ['forbidden']),
};

/** What of an operation decides what can go wrong. */
export interface Risks {
  operationId: string;
  path: string;
  /** The names of its decorators. */
  decorators: Set<string>;
  hasBody: boolean;
}

/** Every code that an operation may fail with. */
export function codesOf({ operationId, path, decorators, hasBody }: Risks): ProblemCode[] {
  const parameters = path.match(/(?<=\{)\w+/g) ?? [];
  const codes = new Set<ProblemCode>(OWN_FAILURES[operationId]);
  const when = (condition: boolean, ...more: ProblemCode[]) => {
    if (condition) for (const code of more) codes.add(code);
  };
  when(true, 'malformed_request', 'refused_character');
  when(hasBody, 'malformed_json', 'too_complex', 'body_too_large', 'unsupported_media_type');
  when(!decorators.has('Public'), 'not_authenticated', 'invalid_token');
  when(decorators.has('Roles') || decorators.has('OwnId'), 'forbidden');
  when(
    parameters.some((name) => name !== 'user_id'),
    'not_found',
  );
  when(parameters.length > 0, 'uri_too_long');
  when(decorators.has('Throttled'), 'too_many_requests');
  when(decorators.has('IfMatch'), 'precondition_failed');
  when(decorators.has('ConditionalWrite'), 'precondition_required');
  when(path.startsWith('/api/'), 'validation_failed', 'internal_error', 'unavailable'); // an unknown query is invalid
  return PROBLEM_CODES.filter((code) => codes.has(code));
}

/** @throws Error when the table speaks of an operation that is none */
export function assertAllKnown(operationIds: Set<string>): void {
  const stale = Object.keys(OWN_FAILURES).filter((id) => !operationIds.has(id));
  if (stale.length) throw new Error(`There are no operations ${stale.join(', ')}: mend the table in problems.ts.`);
}

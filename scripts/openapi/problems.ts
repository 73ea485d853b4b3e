/** What can go wrong with an operation: mostly known by what it is, and for the rest by the table below. */
import { STATUS_CODES } from 'node:http';
import * as failures from '../../src/errors.js';
import type { Problem, ProblemCode } from '../../src/errors.js';
import { oauthBody, oauthStatus, problemBody } from '../../src/http/problem.filter.js';
import { type MediaType, pascalCase, type Reference, refTo, type Response, type Schema } from './document.js';
import { exampleOfMember } from './examples.js';

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
  hasQuery: boolean;
}

/** Every code that an operation may fail with. */
export function codesOf({ operationId, path, decorators, hasBody, hasQuery }: Risks): ProblemCode[] {
  const parameters = path.match(/(?<=\{)\w+/g) ?? [];
  const codes = new Set<ProblemCode>(OWN_FAILURES[operationId]);
  const when = (condition: boolean, ...more: ProblemCode[]) => {
    if (condition) for (const code of more) codes.add(code);
  };
  when(true, 'malformed_request', 'refused_character');
  when(hasBody, 'malformed_json', 'too_complex', 'body_too_large', 'unsupported_media_type');
  when(hasBody || hasQuery || parameters.some((name) => name.endsWith('id')), 'validation_failed');
  when(!decorators.has('Public'), 'not_authenticated', 'invalid_token');
  when(decorators.has('Roles') || decorators.has('OwnId'), 'forbidden');
  when(
    parameters.some((name) => name !== 'user_id'),
    'not_found',
  );
  when(decorators.has('Throttled'), 'too_many_requests');
  when(decorators.has('IfMatch'), 'precondition_failed');
  when(decorators.has('ConditionalWrite'), 'precondition_required');
  when(path.startsWith('/api/'), 'internal_error', 'unavailable');
  return failures.PROBLEM_CODES.filter((code) => codes.has(code));
}

/** @throws Error when the table speaks of an operation that is none */
export function assertAllKnown(operationIds: Set<string>): void {
  const stale = Object.keys(OWN_FAILURES).filter((id) => !operationIds.has(id));
  if (stale.length) throw new Error(`There are no operations ${stale.join(', ')}: mend the table in problems.ts.`);
}

/** One of each. */
const PROBLEMS: Record<ProblemCode, Problem> = {
  malformed_json: failures.malformedJson(),
  malformed_request: failures.malformedRequest(),
  refused_character: failures.refusedCharacter(),
  too_complex: failures.tooComplex('The body is nested too deeply.'),
  not_authenticated: failures.notAuthenticated(),
  invalid_token: failures.invalidToken(),
  invalid_credentials: failures.invalidCredentials(),
  invalid_refresh_token: failures.invalidRefreshToken(),
  refresh_token_reused: failures.refreshTokenReused(),
  forbidden: failures.forbidden(),
  field_forbidden: failures.fieldForbidden('/role'),
  wrong_password: failures.wrongPassword(),
  not_found: failures.notFound(),
  method_not_allowed: failures.methodNotAllowed('GET, HEAD'),
  request_timeout: failures.requestTimeout(),
  conflict: failures.conflict('A deleted user must be restored before it can be changed.'),
  email_taken: failures.emailTaken(),
  username_taken: failures.usernameTaken(),
  last_admin: failures.lastAdmin(),
  precondition_failed: failures.preconditionFailed(),
  body_too_large: failures.bodyTooLarge(),
  uri_too_long: failures.uriTooLong(),
  unsupported_media_type: failures.unsupportedMediaType('application/json'),
  validation_failed: failures.invalidMember(
    '/email',
    'is_email',
    'must be an e-mail address of at most 254 characters',
  ),
  precondition_required: failures.preconditionRequired(),
  too_many_requests: failures.tooManyRequests(840),
  headers_too_large: failures.headersTooLarge(),
  internal_error: failures.internalError(),
  unavailable: failures.unavailable(),
};

const HEADER_NAMES: Record<string, string> = { 'www-authenticate': 'WWW-Authenticate', 'retry-after': 'Retry-After' };

/** Collects the failing answers of all operations: many of them share the same. */
export class FailureResponses {
  readonly components: Record<string, Response> = {};

  /** The failing answers of one operation, by status. */
  of(codes: ProblemCode[], { oauth }: { oauth: boolean }): Record<string, Reference> {
    const statuses = new Map<number, ProblemCode[]>();
    for (const code of codes) {
      const status = oauth ? oauthStatus(PROBLEMS[code]) : PROBLEMS[code].status;
      statuses.set(status, [...(statuses.get(status) ?? []), code]);
    }
    return Object.fromEntries([...statuses].map(([status, some]) => [status, this.share(status, some, oauth)]));
  }

  private share(status: number, codes: ProblemCode[], oauth: boolean): Reference {
    const name = oauth ? `OAuth${(STATUS_CODES[status] ?? '').replaceAll(' ', '')}` : codes.map(pascalCase).join('Or');
    this.components[name] ??= failureResponse(status, codes, oauth);
    return refTo('responses', name);
  }
}

function failureResponse(status: number, codes: ProblemCode[], oauth: boolean): Response {
  const problems = codes.map((code) => PROBLEMS[code]);
  const sent = new Set(problems.flatMap(({ extras }) => Object.keys(extras.headers ?? {})));
  const headers = ['X-Request-Id', ...[...sent].map((name) => HEADER_NAMES[name] ?? name)];
  return {
    description: problems.map((problem) => `- \`${nameOf(problem, oauth)}\`: ${problem.detail}`).join('\n'),
    headers: Object.fromEntries(headers.map((name) => [name, refTo('headers', name)])),
    content: oauth
      ? { 'application/json': { schema: oauthSchema(problems), examples: examplesOf(problems, oauthBody) } }
      : { 'application/problem+json': problemContent(status, problems) },
  };
}

const problemContent = (status: number, problems: Problem[]): MediaType => ({
  schema: {
    allOf: [
      refTo('schemas', 'Problem'),
      { type: 'object', properties: { status: { const: status }, code: { enum: problems.map(({ code }) => code) } } },
    ],
  },
  examples: examplesOf(problems, (problem) => problemBody(problem, exampleOfMember('request_id', {}) as string)),
});

const oauthSchema = (problems: Problem[]): Schema => ({
  allOf: [
    refTo('schemas', 'OAuthError'),
    {
      type: 'object',
      properties: { error: { enum: [...new Set(problems.map((problem) => nameOf(problem, true)))] } },
    },
  ],
});

const nameOf = (problem: Problem, oauth: boolean) => (oauth ? oauthBody(problem).error : problem.code);

function examplesOf(problems: Problem[], bodyOf: (problem: Problem) => object): MediaType['examples'] {
  return Object.fromEntries(problems.map((problem) => [problem.code, { value: withoutUndefined(bodyOf(problem)) }]));
}

const withoutUndefined = (value: object): unknown => JSON.parse(JSON.stringify(value));

function sameFor<T>(names: string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]));
}

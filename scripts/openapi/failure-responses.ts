/** What failing answers look like: made by the same functions that make the real ones. */
import { STATUS_CODES } from 'node:http';
import * as failures from '../../src/problems.js';
import type { Problem, ProblemCode } from '../../src/problems.js';
import { problemBody } from '../../src/http/problem.filter.js';
import { type MediaType, type Reference, refTo, type Response, type Schema } from './document.js';
import { exampleOfMember } from './examples.js';
import { oauthBody, oauthStatus } from '../../src/http/oauth-errors.js';

/** Where an example says more than the line of the table. */
const EXAMPLES: Partial<Record<ProblemCode, Problem>> = {
  field_forbidden: failures.fieldForbidden('/role'),
  wrong_password: failures.wrongPassword(),
  method_not_allowed: failures.methodNotAllowed('GET, HEAD'),
  precondition_failed: failures.problem('precondition_failed', { headers: { etag: '"4-bmV3ZXIgdGFn"' } }),
  validation_failed: failures.invalidMember(
    '/email',
    'is_email',
    'must be an e-mail address of at most 254 characters',
  ),
  invitation_open: failures.problem('invitation_open', {
    headers: { location: '/api/invitations/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11' },
  }),
  mfa_required: failures.mfaRequired('mfa_required', {
    token: 'mt_AZqy…',
    methods: ['totp', 'recovery_code'],
    expires_in: 300,
  }),
  mfa_enrollment_required: failures.mfaRequired('mfa_enrollment_required', {
    token: 'mt_AZqy…',
    methods: [],
    expires_in: 300,
  }),
  step_up_required: failures.stepUpRequired({ acr: 'aal2', max_age: 600, methods: ['totp', 'passkey'] }),
  account_exists: failures.problem('account_exists', { members: { link_token: 'lt_AZqy…' } }),
  too_many_requests: failures.tooManyRequests(840),
};

/** What the token route says where others say something else. */
const OAUTH_EXAMPLES: Partial<Record<ProblemCode, Problem>> = {
  email_not_verified: failures.problem('email_not_verified', { oauth: {} }),
  unsupported_media_type: failures.unsupportedMediaType('application/json or application/x-www-form-urlencoded'),
  validation_failed: failures.invalidMember(
    '/grant_type',
    'unsupported_grant_type',
    'must be password, refresh_token or authorization_code',
  ),
  invalid_grant: failures.problem('invalid_grant', { oauth: {} }),
  access_denied: failures.problem('access_denied', { oauth: {} }),
  account_exists: failures.problem('account_exists', { oauth: { link_token: 'lt_AZqy…' } }),
};

const exampleOf = (code: ProblemCode): Problem => EXAMPLES[code] ?? failures.problem(code);

/** What is 401 to who signs in, and 403 within a session. */
const OF_SIGN_IN = new Set<ProblemCode>(['code_used', 'invalid_passkey']);

/** Where one of a kind doesn't show it all. */
const MORE_EXAMPLES: Partial<Record<ProblemCode, Record<string, Problem>>> = {
  validation_failed: {
    in_a_query: failures.validationFailed([{ parameter: 'limit', code: 'max', detail: 'must be 100 or less' }]),
  },
};

const HEADER_NAMES: Record<string, string> = {
  'www-authenticate': 'WWW-Authenticate',
  'retry-after': 'Retry-After',
  etag: 'ETag',
  location: 'Location',
};

/** Whom an operation tells of its failures, and in what words. */
interface Audience {
  /** OAuth clients (RFC 6749 section 5.2). */
  oauth: boolean;
  /** Somebody who need not be signed in. */
  isPublic: boolean;
  /** Browsers too, that navigate there: they get a page. */
  isNavigated: boolean;
}

/** Collects the failing answers of all operations: many of them share the same. */
export class FailureResponses {
  readonly components: Record<string, Response> = {};
  private readonly problems = new Map<string, Problem[]>();

  /** The failing answers of one operation, by status. */
  of(codes: ProblemCode[], { oauth, isPublic, isNavigated }: Audience): Record<string, Reference> {
    const problems = codes.map((code) => {
      if (!isPublic && OF_SIGN_IN.has(code)) return failures.withinSession(code);
      return (oauth ? OAUTH_EXAMPLES[code] : undefined) ?? exampleOf(code);
    });
    const statusOf = (problem: Problem) => (oauth ? oauthStatus(problem) : problem.status);
    const answers = [...new Set(problems.map(statusOf))].map((status) => {
      const some = problems.filter((problem) => statusOf(problem) === status);
      return [status, oauth ? this.oauth(status, some) : this.problem(status, some, isNavigated)] as const;
    });
    return Object.fromEntries(answers);
  }

  /** One component for each status, with every code of it; which of them an operation fails with, its own description says. */
  private problem(status: number, problems: Problem[], isNavigated: boolean): Reference {
    const name = nameOf(status) + (isNavigated ? 'Page' : '');
    const known = (this.problems.get(name) ?? []).filter(({ code }) => problems.every((one) => one.code !== code));
    const all = [...known, ...problems].sort((one, other) => rankOf(one) - rankOf(other));
    this.problems.set(name, all);
    const narrowed = { status: { const: status }, code: { enum: all.map(({ code }) => code) } };
    this.components[name] = {
      description: listOf(all, ({ code, detail }) => [code, detailOf(code, detail)]),
      headers: headersOf(all),
      content: {
        'application/problem+json': { schema: narrow('Problem', narrowed), examples: problemExamples(all) },
        ...(isNavigated && { 'text/html': { schema: { type: 'string' }, examples: { page: { value: PAGE } } } }),
      },
    };
    return {
      ...refTo('responses', name),
      description: listOf(problems, ({ code, detail }) => [code, detailOf(code, detail)]),
    };
  }

  private oauth(status: number, problems: Problem[]): Reference {
    const errors = new Set(problems.map((problem) => oauthBody(problem).error));
    const examples = problems.map((problem) => [problem.code, { value: oauthBody(problem) }] as const);
    const name = `OAuth${nameOf(status)}`;
    this.components[name] ??= {
      description: listOf(problems, (problem) => [oauthBody(problem).error, problem.detail]),
      headers: headersOf(problems),
      content: {
        'application/json': {
          schema: narrow('OAuthError', { error: { enum: [...errors] } }),
          examples: Object.fromEntries(examples),
        },
      },
    };
    return refTo('responses', name);
  }
}

const PAGE = '<!doctype html><title>Signing in did not work</title>…';

/** `409` → `Conflict`. */
const nameOf = (status: number) => (STATUS_CODES[status] ?? String(status)).replace(/\W/g, '');

const rankOf = ({ code }: Problem) => failures.PROBLEM_CODES.indexOf(code);

/** The schema, with some of its members narrowed down. */
const narrow = (name: string, properties: Record<string, Schema>): Schema => ({
  allOf: [refTo('schemas', name), { type: 'object', properties }],
});

const listOf = (problems: Problem[], say: (problem: Problem) => [string, string]): string =>
  problems
    .map(say)
    .map(([name, detail]) => `- \`${name}\`: ${detail}`)
    .join('\n');

const detailOf = (code: ProblemCode, detail: string) =>
  code === 'validation_failed' ? 'Something is not as it must be; `errors` says what.' : detail;

function headersOf(problems: Problem[]): Response['headers'] {
  const sent = new Set(problems.flatMap(({ extras }) => Object.keys(extras.headers ?? {})));
  const names = ['X-Request-Id', ...[...sent].flatMap((name) => HEADER_NAMES[name] ?? [])];
  return Object.fromEntries(names.map((name) => [name, refTo('headers', name)]));
}

function problemExamples(problems: Problem[]): MediaType['examples'] {
  const requestId = exampleOfMember('request_id', {}) as string;
  const all = problems.flatMap((problem) =>
    Object.entries({ [problem.code]: problem, ...MORE_EXAMPLES[problem.code] }),
  );
  return Object.fromEntries(all.map(([name, problem]) => [name, { value: sent(problemBody(problem, requestId)) }]));
}

/** As it goes over the wire: without undefined members. */
const sent = (value: object): unknown => JSON.parse(JSON.stringify(value));

/** What failing answers look like: made by the same functions that make the real ones. */
import { STATUS_CODES } from 'node:http';
import * as failures from '../../src/problems.js';
import type { Problem, ProblemCode } from '../../src/problems.js';
import { oauthBody, oauthStatus, problemBody } from '../../src/http/problem.filter.js';
import { type MediaType, pascalCase, type Reference, refTo, type Response, type Schema } from './document.js';
import { exampleOfMember } from './examples.js';

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

/** Where one of a kind doesn't show it all. */
const MORE_EXAMPLES: Partial<Record<ProblemCode, Record<string, Problem>>> = {
  validation_failed: {
    in_a_query: failures.validationFailed([{ parameter: 'limit', code: 'max', detail: 'must be 100 or less' }]),
  },
};

/** What the token route says where others say something else. */
const OAUTH_PROBLEMS: Record<ProblemCode, Problem> = {
  ...PROBLEMS,
  unsupported_media_type: failures.unsupportedMediaType('application/json or application/x-www-form-urlencoded'),
  validation_failed: failures.invalidMember(
    '/grant_type',
    'unsupported_grant_type',
    'must be password or refresh_token',
  ),
};

const HEADER_NAMES: Record<string, string> = { 'www-authenticate': 'WWW-Authenticate', 'retry-after': 'Retry-After' };

/** Collects the failing answers of all operations: many of them share the same. */
export class FailureResponses {
  readonly components: Record<string, Response> = {};

  /** The failing answers of one operation, by status. */
  of(codes: ProblemCode[], { oauth }: { oauth: boolean }): Record<string, Reference> {
    const problems = codes.map((code) => (oauth ? OAUTH_PROBLEMS : PROBLEMS)[code]);
    const statusOf = (problem: Problem) => (oauth ? oauthStatus(problem) : problem.status);
    const answers = [...new Set(problems.map(statusOf))].map((status) => {
      const some = problems.filter((problem) => statusOf(problem) === status);
      return [status, oauth ? this.oauth(status, some) : this.problem(status, some)] as const;
    });
    return Object.fromEntries(answers);
  }

  private problem(status: number, problems: Problem[]): Reference {
    const codes = problems.map(({ code }) => code);
    const narrowed = { status: { const: status }, code: { enum: codes } };
    return this.share(codes.map(pascalCase).join('Or'), {
      description: listOf(problems, ({ code, detail }) => [code, detailOf(code, detail)]),
      headers: headersOf(problems),
      content: {
        'application/problem+json': { schema: narrow('Problem', narrowed), examples: problemExamples(problems) },
      },
    });
  }

  private oauth(status: number, problems: Problem[]): Reference {
    const errors = new Set(problems.map((problem) => oauthBody(problem).error));
    const examples = problems.map((problem) => [problem.code, { value: oauthBody(problem) }] as const);
    return this.share(`OAuth${(STATUS_CODES[status] ?? '').replaceAll(' ', '')}`, {
      description: listOf(problems, (problem) => [oauthBody(problem).error, problem.detail]),
      headers: headersOf(problems),
      content: {
        'application/json': {
          schema: narrow('OAuthError', { error: { enum: [...errors] } }),
          examples: Object.fromEntries(examples),
        },
      },
    });
  }

  private share(name: string, response: Response): Reference {
    this.components[name] ??= response;
    return refTo('responses', name);
  }
}

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
  const names = ['X-Request-Id', ...[...sent].map((name) => HEADER_NAMES[name] ?? name)];
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

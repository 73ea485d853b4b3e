/** What failing answers look like: made by the same functions that make the real ones. */
import { STATUS_CODES } from 'node:http';
import * as failures from '../../src/problems.js';
import { PROBLEM_CODES, type Problem, type ProblemCode } from '../../src/problems.js';
import { problemBody } from '../../src/http/problem.filter.js';
import { HEADERS } from './about.js';
import { headersOf, type MediaType, type Reference, refTo, type Response, type Schema, textLike } from './document.js';
import { exampleOfMember } from './examples.js';
import type { SourceMethod } from './source.js';
import { oauthBody, oauthStatus } from '../../src/http/oauth-errors.js';

const MFA = { token: 'mt_AZqy…', expires_in: 300 };
const LINK_TOKEN = { link_token: 'lt_AZqy…' };
const EMAIL_RULE = 'must be an e-mail address of at most 254 characters';
const GRANT_RULE = 'must be password, refresh_token or authorization_code';

/** Where an example says more than the line of the table. */
const EXAMPLES: Partial<Record<ProblemCode, Problem>> = {
  field_forbidden: failures.fieldForbidden('/role'),
  wrong_password: failures.wrongPassword(),
  precondition_failed: failures.problem('precondition_failed', { headers: { etag: '"4-bmV3ZXIgdGFn"' } }),
  validation_failed: failures.invalidMember('/email', 'is_email', EMAIL_RULE),
  invitation_open: failures.problem('invitation_open', {
    headers: { location: '/api/invitations/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11' },
  }),
  mfa_required: failures.mfaRequired('mfa_required', { ...MFA, methods: ['totp', 'recovery_code'] }),
  mfa_enrollment_required: failures.mfaRequired('mfa_enrollment_required', { ...MFA, methods: [] }),
  step_up_required: failures.stepUpRequired({ acr: 'aal2', max_age: 600, methods: ['totp', 'passkey'] }),
  account_exists: failures.problem('account_exists', { members: LINK_TOKEN, oauth: LINK_TOKEN }),
  too_many_requests: failures.tooManyRequests(840),
};

/** What the token route says where others say something else. */
const OAUTH_EXAMPLES: typeof EXAMPLES = {
  unsupported_media_type: failures.unsupportedMediaType('application/json or application/x-www-form-urlencoded'),
  validation_failed: failures.invalidMember('/grant_type', 'unsupported_grant_type', GRANT_RULE),
};

/** What is 401 to who signs in, and 403 within a session. */
const OF_SIGN_IN = new Set<ProblemCode>(['code_used', 'invalid_passkey']);

/** How failures are told: by RFC 9457. */
const PROBLEM = {
  nameOf: (status: string) => status,
  schema: 'Problem',
  mediaType: 'application/problem+json',
  statusOf: ({ status }: Problem): number => status,
  codeOf: ({ code }: Problem): string => code,
  bodyOf: (problem: Problem): object => problemBody(problem, exampleOfMember('request_id') as string),
};
type Shape = typeof PROBLEM;

/** The same, for browsers that navigate there: they get a page. */
const PAGE: Shape = { ...PROBLEM, nameOf: (status) => `${status}Page` };

/** By RFC 6749 section 5.2. */
const OAUTH: Shape = {
  nameOf: (status) => `OAuth${status}`,
  schema: 'OAuthError',
  mediaType: 'application/json',
  statusOf: oauthStatus,
  codeOf: (problem) => oauthBody(problem).error,
  bodyOf: oauthBody,
};

function shapeOf({ decorators }: SourceMethod): Shape {
  if (decorators.get('RouteConfig')?.includes('oauthErrors')) return OAUTH;
  return decorators.has('UseFilters') ? PAGE : PROBLEM;
}

/** Collects the failing answers of all operations: many of them share the same. */
export class Failures {
  readonly components: Record<string, Response> = {};
  private readonly problems: Record<string, Partial<Record<ProblemCode, Problem>>> = {};

  /** The failing answers of one operation, by status. */
  of(source: SourceMethod, codes: ProblemCode[]): Record<string, Reference> {
    const shape = shapeOf(source);
    const isSignIn = source.decorators.has('Public') || source.decorators.has('PublicOrBearer');
    const problems = codes.map((code) => {
      if (!isSignIn && OF_SIGN_IN.has(code)) return failures.withinSession(code);
      return (shape === OAUTH ? OAUTH_EXAMPLES[code] : undefined) ?? EXAMPLES[code] ?? failures.problem(code);
    });
    const answers: Record<string, Reference> = {};
    for (const status of new Set(problems.map(shape.statusOf))) {
      const some = problems.filter((problem) => shape.statusOf(problem) === status);
      answers[status] = this.answer(shape, status, some);
    }
    return answers;
  }

  /** One component for each status, with every code of it; which of them an operation fails with, its own description says. */
  private answer(shape: Shape, status: number, problems: Problem[]): Reference {
    const name = shape.nameOf((STATUS_CODES[status] ?? '').replace(/\W/g, ''));
    const known = (this.problems[name] ??= {});
    for (const problem of problems) known[problem.code] = problem;
    const all = PROBLEM_CODES.flatMap((code) => known[code] ?? []);
    const sent = new Set(['x-request-id', ...all.flatMap(({ extras }) => Object.keys(extras.headers ?? {}))]);
    this.components[name] = {
      description: listOf(all, shape),
      headers: headersOf(Object.keys(HEADERS).filter((header) => sent.has(header.toLowerCase()))),
      content: {
        [shape.mediaType]: { schema: schemaOf(shape, status, all), examples: examplesOf(shape, all) },
        ...(shape === PAGE && { 'text/html': textLike('<!doctype html><title>Signing in did not work</title>…') }),
      },
    };
    return { ...refTo('responses', name), description: listOf(problems, shape) };
  }
}

const listOf = (problems: Problem[], { codeOf }: Shape): string =>
  problems.map((problem) => `- \`${codeOf(problem)}\`: ${DETAILS[problem.code] ?? problem.detail}`).join('\n');

/** Where the detail is another each time. */
const DETAILS: Partial<Record<ProblemCode, string>> = { validation_failed: 'Something is not as it must be; `errors` says what.' }; // prettier-ignore

/** The schema of all failures, narrowed down to these. */
function schemaOf({ schema, codeOf }: Shape, status: number, problems: Problem[]): Schema {
  const codes = { enum: [...new Set(problems.map(codeOf))] };
  const properties: Record<string, Schema> = schema === 'Problem' ? { status: { const: status }, code: codes } : { error: codes }; // prettier-ignore
  return { allOf: [refTo('schemas', schema), { type: 'object', properties }] };
}

/** Bodies as they go over the wire: without undefined members. */
const examplesOf = ({ bodyOf }: Shape, problems: Problem[]): MediaType['examples'] =>
  Object.fromEntries(problems.map((problem) => [problem.code, { value: JSON.parse(JSON.stringify(bodyOf(problem))) as unknown }])); // prettier-ignore

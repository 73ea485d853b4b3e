import { PROBLEM_CODES, type ProblemCode } from '../../src/problems.js';
import type { Subject } from './operations.js';

/** The codes that an operation may fail with: mostly known by what it is, for the rest by its `@throws`. @throws Error on what is no code */
export function codesOf({ method, path, source }: Subject, hasBody: boolean): ProblemCode[] {
  const has = (name: string) => source.decorators.has(name);
  const isPublic = has('Public');
  const isOpen = isPublic || has('PublicOrBearer') || has('BeforeMfa');
  const isApi = path.startsWith('/api/');
  const parameters = path.match(/(?<=\{)\w+/g) ?? [];
  const risks: [boolean, ...ProblemCode[]][] = [
    [true, 'malformed_request', 'refused_character'],
    [hasBody, 'malformed_json', 'too_complex', 'body_too_large', 'unsupported_media_type'],
    [!isPublic && !has('PublicOrBearer'), 'not_authenticated'],
    [!isPublic, 'invalid_token'],
    [!isPublic, has('Scoped') ? 'insufficient_scope' : 'forbidden'], // a route that names no scope is closed to access tokens
    [!isOpen, 'mfa_enrollment_required'],
    [!isOpen || has('Fresh'), 'step_up_required'],
    [has('Roles') || has('OwnCall'), 'forbidden'],
    [parameters.some((name) => name !== 'user_id'), 'not_found'],
    [parameters.length > 0, 'uri_too_long'],
    [has('ConditionalWrite'), 'precondition_failed'],
    [has('ConditionalWrite') && method !== 'delete', 'precondition_required'],
    [has('Idempotent'), 'idempotency_in_progress', 'idempotency_key_reused'],
    [isApi, 'validation_failed', 'internal_error', 'unavailable'], // an unknown query is invalid
  ];
  const codes = [...source.throws, ...risks.flatMap(([applies, ...some]) => (applies ? some : []))];
  const unknown = codes.filter((code) => !PROBLEM_CODES.includes(code as ProblemCode));
  if (unknown.length) throw new Error(`@throws of ${method} ${path}: there is no problem ${unknown.join(', ')}`);
  return PROBLEM_CODES.filter((code) => codes.includes(code));
}

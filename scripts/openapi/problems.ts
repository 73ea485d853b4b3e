/** What can go wrong with an operation: mostly known by what it is, and for the rest by `@throws` in its doc comment. */
import { PROBLEM_CODES, type ProblemCode } from '../../src/problems.js';

/** What of an operation decides what can go wrong. */
export interface Risks {
  method: string;
  path: string;
  /** The names of its decorators. */
  decorators: Set<string>;
  /** What its doc comment says that it throws. */
  throws: ProblemCode[];
  hasBody: boolean;
}

/** Every code that an operation may fail with. */
export function codesOf({ method, path, decorators, throws, hasBody }: Risks): ProblemCode[] {
  const parameters = path.match(/(?<=\{)\w+/g) ?? [];
  const codes = new Set<ProblemCode>(throws);
  const when = (condition: boolean, ...more: ProblemCode[]) => {
    if (condition) for (const code of more) codes.add(code);
  };
  when(true, 'malformed_request', 'refused_character');
  when(hasBody, 'malformed_json', 'too_complex', 'body_too_large', 'unsupported_media_type');
  when(!decorators.has('Public') && !decorators.has('PublicOrBearer'), 'not_authenticated');
  when(!decorators.has('Public'), 'invalid_token');
  // access tokens: a route that names no scope is closed to them
  when(!decorators.has('Public'), decorators.has('Scoped') ? 'insufficient_scope' : 'forbidden');
  const isOpen = decorators.has('Public') || decorators.has('PublicOrBearer') || decorators.has('BeforeMfa');
  when(!isOpen, 'mfa_enrollment_required');
  when(!isOpen || decorators.has('Fresh'), 'step_up_required');
  when(decorators.has('Roles') || decorators.has('OwnCall'), 'forbidden');
  when(
    parameters.some((name) => name !== 'user_id'),
    'not_found',
  );
  when(parameters.length > 0, 'uri_too_long');
  when(decorators.has('ConditionalWrite'), 'precondition_failed');
  when(decorators.has('ConditionalWrite') && method !== 'delete', 'precondition_required');
  when(decorators.has('Idempotent'), 'idempotency_in_progress', 'idempotency_key_reused');
  when(path.startsWith('/api/'), 'validation_failed', 'internal_error', 'unavailable'); // an unknown query is invalid
  return PROBLEM_CODES.filter((code) => codes.has(code));
}

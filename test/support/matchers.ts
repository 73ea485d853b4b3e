import { expect } from '@jest/globals';
import { PROBLEM_CODES, type ProblemCode } from '../../src/problems.js';
import type { Answer } from './api.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Jest is taught a matcher
  namespace jest {
    interface Matchers<R> {
      /** The answer is a problem (RFC 9457) with this status and code, whole and well formed. */
      toFailWith(status: number, code: ProblemCode): R;
    }
  }
}

expect.extend({
  toFailWith(received: unknown, status: number, code: ProblemCode) {
    const { status: actual, headers, body, text } = received as Answer<Record<string, unknown>>;
    const complaints = [
      actual === status ? '' : `status ${actual}`,
      body['code'] === code ? '' : `code ${String(body['code'])}`,
      body['status'] === actual ? '' : `"status" ${String(body['status'])} in the body`,
      headers.get('content-type')?.startsWith('application/problem+json') ? '' : `type ${headers.get('content-type')}`,
      headers.get('x-request-id') === body['request_id'] ? '' : 'another request_id than X-Request-Id',
      body['type'] === 'about:blank' && typeof body['title'] === 'string' ? '' : 'no type or title',
      typeof body['detail'] === 'string' && body['detail'] ? '' : 'no detail',
      PROBLEM_CODES.includes(body['code'] as ProblemCode) ? '' : 'a code that is on no list',
      text.length < 4096 ? '' : 'an answer of 4 KB or more',
    ].filter(Boolean);
    return {
      pass: complaints.length === 0,
      message: () => `expected ${status} ${code}, got ${complaints.join(', ')}: ${text.slice(0, 800)}`,
    };
  },
});

import { UserHubProblem } from '../../../client/src/problem.ts';
import { texts } from '../texts.ts';

/** Whether it is something that the server refused, or that kept it from answering. */
export const isProblem = (reason: unknown): reason is UserHubProblem => reason instanceof UserHubProblem;

/** What went wrong, in words for people. @throws what is no problem, but a bug */
export function explain(reason: unknown): string {
  if (reason instanceof DOMException) return reason.message; // a passkey that wasn't given
  if (!isProblem(reason)) throw reason;
  if (reason.status === 0 || reason.code === 'unexpected_answer') return texts.unreachable;
  const words = texts.problems[reason.code] ?? reason.message;
  return reason.retryAfter ? `${words} ${texts.retryIn(reason.retryAfter)}` : words;
}

/** Whether the server doesn't have what was asked for: an older one, or one where it is switched off. */
export const isNotThere = (reason: unknown): boolean => isProblem(reason) && reason.status === 404;

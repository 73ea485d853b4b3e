import { browserStorage, createUserHub, UserHubProblem } from '@userhub/client';
import { askForProof } from './step-up.ts';

/** The API is where the page comes from: Vite passes `/api` on. */
export const hub = createUserHub({
  baseUrl: '',
  storage: browserStorage(),
  onStepUp: (problem) => askForProof(problem),
  onSignedIn: () => dispatchEvent(new Event('signed-in')),
  onSignedOut: (reason) => dispatchEvent(new CustomEvent('signed-out', { detail: reason })),
});

/** What went wrong, in words for people. @throws what is no problem, but a bug */
export function explain(reason: unknown): string {
  if (reason instanceof DOMException) return 'The browser has no passkey from you. Try again, or another way.';
  if (!(reason instanceof UserHubProblem)) throw reason;
  if (reason.status === 0 || reason.code === 'unexpected_answer') {
    return 'The API does not answer. Start it with “npm start” at the top of the repository, then try again.';
  }
  return reason.retryAfter ? `${reason.message} Try again in ${reason.retryAfter} seconds.` : reason.message;
}

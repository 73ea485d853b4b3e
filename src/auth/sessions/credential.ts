import { forbidden } from '../../problems.js';
import type { Call } from '../../request.js';

/** The id of the session that a call is made by. @throws Problem 403 when it is made by another credential */
export function sessionIdOf({ credential }: Pick<Call, 'credential'>): string {
  if (credential.kind === 'session') return credential.sessionId;
  throw forbidden('This needs a session: sign in first.');
}

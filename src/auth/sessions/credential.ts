import { forbidden } from '../../problems.js';
import type { Call } from '../../request.js';
import type { AccessClaims } from './access-tokens.js';

/** The id of the session that a call is made by. @throws Problem 403 when it is made by another credential */
export function sessionIdOf({ credential }: Pick<Call, 'credential'>): string {
  if (credential.kind === 'session') return credential.sessionId;
  throw forbidden('This needs a session: sign in first.');
}

/** What the access token of a call says. @throws Problem 403 when it is made by another credential */
export function claimsOf({ me, credential }: Pick<Call, 'me' | 'credential'>): AccessClaims {
  if (credential.kind !== 'session') throw forbidden('This needs a session: sign in first.');
  const { sessionId, authTime, amr } = credential;
  return { userId: me.id, sessionId, authTime, amr };
}

import { forbidden } from '../../problems.js';
import type { Call } from '../../request.js';
import type { AccessClaims } from './access-tokens.js';

/** The id of the session that a call is made with. @throws Problem 403 when it is made with another credential */
export function sessionIdOf({ credential }: Pick<Call, 'credential'>): string {
  if (credential.kind === 'session') return credential.sessionId;
  throw forbidden('This needs a session: sign in first.');
}

/** The claims of the access token that a call is made with. @throws Problem 403 when it is made with another credential */
export function claimsOf({ me, credential }: Pick<Call, 'me' | 'credential'>): AccessClaims {
  if (credential.kind !== 'session') throw forbidden('This needs a session: sign in first.');
  const { sessionId, authTime, amr } = credential;
  return { userId: me.id, sessionId, authTime, amr };
}

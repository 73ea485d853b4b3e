import type { AssuranceLevel } from '../../request.js';
import type { User } from '../../users/user.entity.js';

/** How somebody authenticated: names of RFC 8176, and two of our own: `fed` (by a provider) and `email`. */
export type AuthenticationMethod = 'pwd' | 'otp' | 'hwk' | 'swk' | 'user' | 'fed' | 'email' | 'rba' | 'mfa';

/** An account as it was when somebody authenticated for it. */
export type Account = Pick<User, 'id' | 'role' | 'sessionGeneration' | 'mfaEnabled' | 'mfaRequired'>;

/** The outcome of every sign-in method, before a session starts. */
export interface Authentication {
  account: Account;
  amr: readonly AuthenticationMethod[];
  when: Date;
}

/** The assurance level that a list of methods amounts to. */
export const acrOf = (amr: readonly string[]): AssuranceLevel => (amr.includes('mfa') ? 'aal2' : 'aal1');

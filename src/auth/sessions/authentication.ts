import type { AssuranceLevel } from '../../request.js';
import type { User } from '../../users/user.entity.js';

/** How somebody proved who they are: names of RFC 8176, and `fed` (a provider) and `email`, which are ours. */
export type AuthenticationMethod = 'pwd' | 'otp' | 'hwk' | 'swk' | 'user' | 'fed' | 'email' | 'rba' | 'mfa';

/** An account as it was when somebody proved that it is theirs. */
export type Account = Pick<User, 'id' | 'role' | 'sessionGeneration' | 'mfaEnabled' | 'mfaRequired'>;

/** Somebody has proved that an account is theirs: what every way in ends in. */
export interface Authentication {
  account: Account;
  amr: readonly AuthenticationMethod[];
  when: Date;
}

/** What methods are worth together. */
export const acrOf = (amr: readonly string[]): AssuranceLevel => (amr.includes('mfa') ? 'aal2' : 'aal1');

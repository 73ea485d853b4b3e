import { Injectable } from '@nestjs/common';
import { minutes } from '../../../config/durations.js';
import { ComputedToken } from '../../sessions/computed-token.js';
import { DerivedMac } from '../../sessions/derived-mac.js';
import { KeyRing } from '../../sessions/keys.js';
import { ID_BYTES, idText, isYoungerThan, newTimedId, timeOf } from '../../sessions/timed-ids.js';

/** How long an authenticator may take to answer. */
export const CHALLENGE_LIFETIME = minutes(5);

/** What a challenge is for, and whose it is: one for one purpose or person doesn't pass for another. */
export type ChallengePurpose = 'sign-in' | `register|${string}` | `mfa|${string}` | `step-up|${string}`;

/** A challenge that came back in time. */
export interface Challenge {
  /** Unique; a sign-in's session gets it as its own, so that the challenge is good once. */
  id: string;
  madeAt: Date;
}

/** WebAuthn challenges are computed, not stored: an id that tells its time, and a code over purpose and id. */
@Injectable()
export class Challenges {
  private readonly token: ComputedToken;

  constructor(ring: KeyRing) {
    this.token = new ComputedToken(new DerivedMac(ring, 'userhub passkey challenges'), '', ID_BYTES);
  }

  /** A new challenge, in base64url. */
  make(purpose: ChallengePurpose): string {
    return this.token.sign(newTimedId(), purpose);
  }

  /** The challenge, or undefined when it isn't ours, is for something else, or is too old. */
  read(challenge: string, purpose: ChallengePurpose): Challenge | undefined {
    const id = this.token.read(challenge, purpose);
    if (!id || !isYoungerThan(id, CHALLENGE_LIFETIME)) return undefined;
    return { id: idText(id), madeAt: new Date(timeOf(id)) };
  }
}

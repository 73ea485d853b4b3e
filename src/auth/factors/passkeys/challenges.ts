import { Injectable } from '@nestjs/common';
import { minutes } from '../../../config/durations.js';
import { ComputedToken } from '../../sessions/computed-token.js';
import { DerivedMac } from '../../sessions/derived-mac.js';
import { KeyRing } from '../../sessions/keys.js';
import { ID_BYTES, idText, isYoungerThan, newTimedId, timeOf } from '../../sessions/timed-ids.js';

/** How long a challenge is valid. */
export const CHALLENGE_LIFETIME = minutes(5);

/** What a challenge is for, and for whom: a challenge of another purpose or user isn't accepted. */
export type ChallengePurpose = 'sign-in' | `register|${string}` | `mfa|${string}` | `step-up|${string}`;

/** A challenge that is genuine and not too old. */
export interface Challenge {
  /** Unique. A sign-in's session takes it as its id, which makes the challenge single-use. */
  id: string;
  madeAt: Date;
}

/** WebAuthn challenges are computed, not stored: a UUID v7, which contains the time, and a MAC over purpose and id. */
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

  /** The challenge; undefined when it is forged, for another purpose, or too old. */
  read(challenge: string, purpose: ChallengePurpose): Challenge | undefined {
    const id = this.token.read(challenge, purpose);
    if (!id || !isYoungerThan(id, CHALLENGE_LIFETIME)) return undefined;
    return { id: idText(id), madeAt: new Date(timeOf(id)) };
  }
}

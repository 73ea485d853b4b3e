import { Injectable } from '@nestjs/common';
import { parse } from 'uuid';
import { minutes } from '../../config/durations.js';
import { ComputedToken } from '../sessions/computed-token.js';
import { DerivedMac } from '../sessions/derived-mac.js';
import { KeyRing } from '../sessions/keys.js';
import { ID_BYTES, idText, isYoungerThan, newTimedId, timeOf } from '../sessions/timed-ids.js';

/** How long the second factor may take after the first. */
export const PENDING_LIFETIME = minutes(5);

/** What can be the first factor of a sign-in that waits for a second one; the order is part of the tokens. */
const FIRST_FACTORS = ['pwd', 'fed', 'email'] as const;
export type FirstFactor = (typeof FIRST_FACTORS)[number];

/** What a pending sign-in waits for: a factor that the account has, or one to be set up. The order is part of the tokens. */
const PURPOSES = ['verify', 'enroll'] as const;
export type PendingPurpose = (typeof PURPOSES)[number];

/** A sign-in whose first factor was right. */
export interface PendingSignIn {
  /** The id that its session will have, which is what makes it good once. */
  sessionId: string;
  userId: string;
  /** The user's session generation at that time: a new password or a change of factors ends what is pending. */
  sessionGeneration: number;
  firstFactor: FirstFactor;
  purpose: PendingPurpose;
  /** When the first factor was given. */
  since: Date;
}

const GENERATION_BYTES = 4;

/** Pending sign-ins are computed, not stored: an `mfa_token` says all that there is to know. */
@Injectable()
export class PendingSignIns {
  private readonly token: ComputedToken;

  constructor(ring: KeyRing) {
    const mac = new DerivedMac(ring, 'userhub pending sign-ins');
    this.token = new ComputedToken(mac, 'mt_', ID_BYTES * 2 + GENERATION_BYTES + 2);
  }

  /** A token for an account whose first factor was right. */
  begin(pending: Omit<PendingSignIn, 'sessionId' | 'since'>): string {
    const { userId, sessionGeneration, firstFactor, purpose } = pending;
    const generation = Buffer.alloc(GENERATION_BYTES);
    generation.writeUInt32BE(sessionGeneration);
    const codes = [FIRST_FACTORS.indexOf(firstFactor), PURPOSES.indexOf(purpose)];
    return this.token.sign(Buffer.concat([newTimedId(), parse(userId), generation, Buffer.from(codes)]));
  }

  /** What a token stands for, or undefined when it is none of ours or too old. */
  read(token: string): PendingSignIn | undefined {
    const bytes = this.token.read(token);
    if (!bytes || !isYoungerThan(bytes, PENDING_LIFETIME)) return undefined;
    const rest = bytes.subarray(ID_BYTES * 2 + GENERATION_BYTES);
    return {
      sessionId: idText(bytes.subarray(0, ID_BYTES)),
      userId: idText(bytes.subarray(ID_BYTES, ID_BYTES * 2)),
      sessionGeneration: bytes.readUInt32BE(ID_BYTES * 2),
      firstFactor: FIRST_FACTORS[rest[0] as number] as FirstFactor, // authenticated, so one of ours
      purpose: PURPOSES[rest[1] as number] as PendingPurpose,
      since: new Date(timeOf(bytes)),
    };
  }
}

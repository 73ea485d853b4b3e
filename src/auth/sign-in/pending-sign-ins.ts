import { Injectable } from '@nestjs/common';
import { parse } from 'uuid';
import { minutes } from '../../config/durations.js';
import { ComputedToken } from '../sessions/computed-token.js';
import { DerivedMac } from '../sessions/derived-mac.js';
import { KeyRing } from '../sessions/keys.js';
import { ID_BYTES, idText, isYoungerThan, newTimedId, timeOf } from '../sessions/timed-ids.js';

/** How long after the first factor the second may follow. */
export const PENDING_LIFETIME = minutes(5);

/** The first factors of pending sign-ins; tokens hold the index, so the order must not change. */
const FIRST_FACTORS = ['pwd', 'fed', 'email'] as const;
export type FirstFactor = (typeof FIRST_FACTORS)[number];

/** What a pending sign-in waits for: a factor that the account has, or one to be set up. Tokens hold the index. */
const PURPOSES = ['verify', 'enroll'] as const;
export type PendingPurpose = (typeof PURPOSES)[number];

/** A sign-in whose first factor was right and whose second is still missing. */
export interface PendingSignIn {
  /** The id that its session will have: as a primary key, it makes the token single-use. */
  sessionId: string;
  userId: string;
  /** The user's session generation at that time: incrementing it (new password, changed factors) voids pending sign-ins. */
  sessionGeneration: number;
  firstFactor: FirstFactor;
  purpose: PendingPurpose;
  /** When the first factor was given. */
  since: Date;
}

const GENERATION_BYTES = 4;

/** Pending sign-ins are computed, not stored: an `mfa_token` contains all of the state. */
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

  /** The pending sign-in of a token; undefined when it is forged or too old. */
  read(token: string): PendingSignIn | undefined {
    const bytes = this.token.read(token);
    if (!bytes || !isYoungerThan(bytes, PENDING_LIFETIME)) return undefined;
    const rest = bytes.subarray(ID_BYTES * 2 + GENERATION_BYTES);
    return {
      sessionId: idText(bytes.subarray(0, ID_BYTES)),
      userId: idText(bytes.subarray(ID_BYTES, ID_BYTES * 2)),
      sessionGeneration: bytes.readUInt32BE(ID_BYTES * 2),
      firstFactor: FIRST_FACTORS[rest[0] as number] as FirstFactor, // authenticated, so a valid index
      purpose: PURPOSES[rest[1] as number] as PendingPurpose,
      since: new Date(timeOf(bytes)),
    };
  }
}

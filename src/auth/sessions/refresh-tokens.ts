import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { KeyRing } from './keys.js';

const PREFIX = 'rt_';
const ID_BYTES = 16;
const COUNTER_BYTES = 4;
const MAC_BYTES = 32;
const LENGTH = PREFIX.length + Math.ceil(((ID_BYTES + COUNTER_BYTES + MAC_BYTES) * 4) / 3);

/** Which rotation of which session a refresh token stands for. */
export interface RefreshClaims {
  sessionId: string;
  counter: number;
}

/**
 * Refresh tokens are computed, not stored: session id, counter and an HMAC over both. Whoever reads the database can't
 * make one, the same rotation always gives the same token, and a forged one is found out without asking the database.
 */
@Injectable()
export class RefreshTokens {
  private readonly keys: KeyObject[];

  constructor(private readonly ring: KeyRing) {
    this.keys = ring.keys.flatMap(({ refresh }) => refresh ?? []);
  }

  /** The token for this rotation of a session. */
  sign({ sessionId, counter }: RefreshClaims): string {
    const claims = Buffer.alloc(ID_BYTES + COUNTER_BYTES);
    claims.set(parse(sessionId));
    claims.writeUInt32BE(counter, ID_BYTES);
    return PREFIX + Buffer.concat([claims, macOf(claims, this.ring.current.refresh)]).toString('base64url');
  }

  /** What a token stands for, or undefined when it isn't one of ours. */
  verify(token: string): RefreshClaims | undefined {
    if (!token.startsWith(PREFIX) || token.length !== LENGTH) return undefined;
    const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
    const claims = bytes.subarray(0, ID_BYTES + COUNTER_BYTES);
    const mac = bytes.subarray(ID_BYTES + COUNTER_BYTES);
    if (mac.length !== MAC_BYTES || !this.keys.some((key) => timingSafeEqual(mac, macOf(claims, key))))
      return undefined;
    return { sessionId: stringify(claims.subarray(0, ID_BYTES)), counter: claims.readUInt32BE(ID_BYTES) };
  }
}

const macOf = (claims: Buffer, key: KeyObject) => createHmac('sha256', key).update(claims).digest();

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { KeyRing } from './keys.js';

const PREFIX = 'rt_';
const ID_BYTES = 16;
const COUNTER_BYTES = 4;
const MAC_BYTES = 32;
const LENGTH = PREFIX.length + Math.ceil(((ID_BYTES + COUNTER_BYTES + MAC_BYTES) * 4) / 3);

/** The session and the rotation that a refresh token was made for. */
export interface RefreshClaims {
  sessionId: string;
  counter: number;
}

/**
 * Refresh tokens are computed, not stored: session id, counter and a MAC over both. Nobody can make one from the contents of
 * the database, the same rotation always gives the same token, and a forged one is recognised without a query.
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

  /** The claims of a token; undefined when it is forged. */
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

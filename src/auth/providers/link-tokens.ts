import { Injectable } from '@nestjs/common';
import { minutes, seconds } from '../../config/durations.js';
import { DerivedMac, MAC_BYTES } from '../sessions/derived-mac.js';
import { KeyRing } from '../sessions/keys.js';
import type { NewIdentity } from './identities.statements.js';

/** How long somebody has to sign in before linking. */
const LINK_LIFETIME = minutes(10);

const PREFIX = 'lt_';

/** An identity, and the account that may link it. */
export interface Link {
  identity: NewIdentity;
  userId: string;
}

/**
 * Computed, not stored: names an identity that has authenticated, and the account with its address. It doesn't sign in: the
 * owner of that account must be signed in to link it.
 */
@Injectable()
export class LinkTokens {
  private readonly mac: DerivedMac;

  constructor(ring: KeyRing) {
    this.mac = new DerivedMac(ring, 'userhub link tokens');
  }

  /** A token for this link. */
  sign({ identity: { provider, issuer, subject, email }, userId }: Link): string {
    const until = Math.floor((Date.now() + LINK_LIFETIME) / seconds(1));
    const body = Buffer.from(JSON.stringify([userId, until, provider, issuer, subject, email]));
    return PREFIX + Buffer.concat([this.mac.of(body), body]).toString('base64url');
  }

  /** The content of a token; undefined when it is forged or too old. */
  read(token: string): Link | undefined {
    const text = token.slice(PREFIX.length);
    const bytes = Buffer.from(text, 'base64url');
    if (!token.startsWith(PREFIX) || bytes.length <= MAC_BYTES || bytes.toString('base64url') !== text)
      return undefined;
    const body = bytes.subarray(MAC_BYTES);
    if (!this.mac.holds(bytes.subarray(0, MAC_BYTES), body)) return undefined;
    const [userId, until, provider, issuer, subject, email] = JSON.parse(body.toString()) as [
      string,
      number,
      string,
      string,
      string,
      string | null,
    ];
    return until * seconds(1) > Date.now() ? { userId, identity: { provider, issuer, subject, email } } : undefined;
  }
}

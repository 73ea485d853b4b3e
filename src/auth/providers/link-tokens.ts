import { Injectable } from '@nestjs/common';
import { minutes, seconds } from '../../config/durations.js';
import { DerivedMac, MAC_BYTES } from '../sessions/derived-mac.js';
import { KeyRing } from '../sessions/keys.js';
import type { NewIdentity } from './identities.statements.js';

/** How long somebody may take to sign in their own way before they link. */
const LINK_LIFETIME = minutes(10);

const PREFIX = 'lt_';

/** An identity, and the account that may take it. */
export interface Link {
  identity: NewIdentity;
  userId: string;
}

/**
 * Computed, not stored: says that somebody came from a provider as this identity, and whose address it had. It opens
 * nothing: that account must be signed in to, and takes the identity then.
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

  /** What a token says, or undefined when it is none of ours or too old. */
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

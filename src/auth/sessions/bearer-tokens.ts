import { Injectable } from '@nestjs/common';
import type { Origin } from '../../request.js';
import type { SignedIn } from './session-store.js';

/**
 * Finds who is behind a bearer token; null when it is good for nothing.
 * @param account whether `me` is to be their whole account
 */
export type BearerTokenReader = (token: string, origin: Origin, account: boolean) => Promise<SignedIn | null>;

/** The kinds of bearer tokens beside access tokens of sessions (JWTs), each with a prefix of its own. */
@Injectable()
export class BearerTokens {
  private readonly readers = new Map<string, BearerTokenReader>();

  /** Has tokens with this prefix read by somebody else. */
  register(prefix: string, reader: BearerTokenReader): void {
    this.readers.set(prefix, reader);
  }

  /** Who reads this token; undefined for a JWT. */
  readerOf(token: string): BearerTokenReader | undefined {
    for (const [prefix, reader] of this.readers) if (token.startsWith(prefix)) return reader;
    return undefined;
  }
}

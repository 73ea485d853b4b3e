import { Injectable } from '@nestjs/common';
import type { Origin } from '../../request.js';
import type { SignedIn } from './session-store.js';

/**
 * Finds the user behind a bearer token; null when it is invalid.
 * @param account whether `me` must be the whole account
 */
export type BearerTokenReader = (token: string, origin: Origin, account: boolean) => Promise<SignedIn | null>;

/** The kinds of bearer tokens besides access tokens of sessions (JWTs), by prefix. */
@Injectable()
export class BearerTokens {
  private readonly readers = new Map<string, BearerTokenReader>();

  /** Registers the reader of tokens with this prefix. */
  register(prefix: string, reader: BearerTokenReader): void {
    this.readers.set(prefix, reader);
  }

  /** The reader of this token; undefined for a JWT. */
  readerOf(token: string): BearerTokenReader | undefined {
    for (const [prefix, reader] of this.readers) if (token.startsWith(prefix)) return reader;
    return undefined;
  }
}

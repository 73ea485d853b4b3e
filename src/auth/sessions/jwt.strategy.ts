import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { AccessTokens, verifyJwt } from './access-tokens.js';
import { SessionStore, type SignedIn } from './session-store.js';

// passport-jwt's place to put a verifier that knows one algorithm more than its own, and goes by the key which one it is
Object.assign(Strategy, { JwtVerifier: verifyJwt });

/** Finds the person behind a bearer token: the token must verify, and its session must still live. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly sessions: SessionStore,
  ) {
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: unknown) => void) => {
        const key = tokens.keyFor(token);
        done(key ? null : new Error('not a token of ours'), key);
      },
    };
    super(options as unknown as StrategyOptionsWithoutRequest); // its types know strings as keys, and nothing else
  }

  /** One query, by primary key. Null when the session has ended, or its user may not sign in any more. */
  async validate(payload: unknown): Promise<SignedIn | null> {
    const claims = this.tokens.claimsOf(payload);
    return claims ? this.sessions.findSignedIn(claims) : null;
  }
}

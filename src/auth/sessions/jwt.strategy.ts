import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { type AccessClaims, AccessTokens, verifyJwt } from './access-tokens.js';

// passport-jwt's place to put a verifier that knows one algorithm more than its own, and goes by the key which one it is
Object.assign(Strategy, { JwtVerifier: verifyJwt });

/** Reads a bearer token: it must verify. Whether its session still lives, the guard finds out. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly tokens: AccessTokens) {
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: unknown) => void) => {
        const key = tokens.keyFor(token);
        done(key ? null : new Error('not a token of ours'), key);
      },
    };
    super(options as unknown as StrategyOptionsWithoutRequest); // its types know strings as keys, and nothing else
  }

  /** What the token says; null when it is none of a session. */
  validate(payload: unknown): AccessClaims | null {
    return this.tokens.claimsOf(payload) ?? null;
  }
}

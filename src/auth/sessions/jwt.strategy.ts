import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { type AccessClaims, AccessTokens } from './access-tokens.js';
import { verifyJwt } from './jwt-signatures.js';

// replaces passport-jwt's verifier: ours also knows EdDSA, and takes the algorithm from the key instead of the token
Object.assign(Strategy, { JwtVerifier: verifyJwt });

/** passport-jwt with our keys: verifies a token's signature and claims. Whether its session is alive is checked by BearerGuard. */
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
    super(options as unknown as StrategyOptionsWithoutRequest); // its types only allow keys that are strings
  }

  /** The claims of the token; null when they aren't those of a session. */
  validate(payload: unknown): AccessClaims | null {
    return this.tokens.claimsOf(payload) ?? null;
  }
}

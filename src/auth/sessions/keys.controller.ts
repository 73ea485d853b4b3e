import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../../access.js';
import { KeyRing } from './keys.js';

/** The public keys that access tokens verify with. */
export class JwksDto {
  /** @example [{ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "sR1v", "x": "kHk3…", "y": "Q4dL…" }] */
  keys: object[];
}

/** Lets other services verify access tokens without the signing secret. */
@Controller('.well-known')
export class KeysController {
  constructor(private readonly ring: KeyRing) {}

  /** The public keys (RFC 7517); empty while tokens are signed with a shared secret. */
  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=300')
  @Public()
  getJwks(): JwksDto {
    return { keys: this.ring.jwks };
  }
}

import { createPrivateKey, sign } from 'node:crypto';
import { minutes } from '../../config/durations.js';
import type { AppleKey, ProviderSettings } from '../../config/provider-settings.js';
import type { ClientAuth, ServerMetadata } from 'openid-client';
import type { OpenIdClient } from './openid.js';

/** Lifetime of a client secret for Apple. */
const LIFETIME = minutes(5);

/** Apple's client secret is a JWT that names the client, signed with the key that Apple issued (ES256). */
function appleSecret({ teamId, keyId, privateKey }: AppleKey, clientId: string, issuer: string): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', kid: keyId };
  const payload = { iss: teamId, iat: now, exp: now + LIFETIME / 1000, aud: issuer, sub: clientId };
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(signed), {
    key: createPrivateKey(privateKey),
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/**
 * The client authentication at the token endpoint: the methods that discovery lists, and where it lists several, the one
 * that worked. Each client is registered with one method, and discovery doesn't say which.
 */
export class ClientAuthentication {
  private readonly refused = new Set<'basic' | 'post'>();

  constructor(
    private readonly provider: ProviderSettings,
    private readonly openId: OpenIdClient,
  ) {}

  readonly authenticate: ClientAuth = (server, client, body, headers) => {
    const { clientSecret, apple, clientId, issuer } = this.provider;
    const { None, ClientSecretBasic, ClientSecretPost } = this.openId;
    const post = (secret: string) => ClientSecretPost(secret)(server, client, body, headers);
    if (apple) return post(appleSecret(apple, clientId, issuer));
    if (clientSecret === undefined) return None()(server, client, body, headers);
    if (this.waysOf(server)[0] === 'post') return post(clientSecret);
    return ClientSecretBasic(clientSecret)(server, client, body, headers);
  };

  /** After `invalid_client`: switches to the next method. Returns whether there is one. */
  tryAnother(error: unknown, server: ServerMetadata): boolean {
    const { error: said, status, name } = error as { error?: string; status?: number; name?: string };
    const isUnknown = said === 'invalid_client' || (name === 'WWWAuthenticateChallengeError' && status === 401);
    const [current, ...others] = this.waysOf(server);
    if (!isUnknown || !current || others.length === 0 || this.provider.apple || !this.provider.clientSecret)
      return false;
    this.refused.add(current);
    return true;
  }

  /** `client_secret_basic` by default (OpenID Connect Discovery 1.0, section 3). */
  private waysOf({ token_endpoint_auth_methods_supported: supported = ['client_secret_basic'] }: ServerMetadata) {
    const offered = (['basic', 'post'] as const).filter((way) => supported.includes(`client_secret_${way}`));
    const ways = offered.length ? offered : (['basic'] as const);
    const left = ways.filter((way) => !this.refused.has(way));
    return left.length ? left : [...ways].reverse();
  }
}

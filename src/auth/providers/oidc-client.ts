import type { Configuration, CustomFetch } from 'openid-client';
import { hours } from '../../config/durations.js';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { ClientAuthentication } from './client-secrets.js';
import { fetchInTime, type OpenIdClient, openIdClient, overHttp, withDeadline } from './openid.js';
import { type Claims, nameInForm, type Profile, profileOf } from './profile.js';
import { type Arrival, type Departure, type ProviderClient, returnUrl } from './provider-client.js';
import { isUnanswered, presenceOf } from './reachability.js';

const DISCOVERY_LIFETIME = hours(1);
const MICROSOFT = 'https://login.microsoftonline.com';

/** A provider's metadata from discovery. */
interface Discovered {
  openId: OpenIdClient;
  config: Configuration;
  authentication: ClientAuthentication;
  /** Verifies the signature of an ID token; fetches the keys again when its `kid` is unknown. */
  assertSigned: (idToken: string) => Promise<void>;
}

/** An OpenID Connect provider. Its metadata is fetched on first use and cached for an hour. */
export class OidcClient implements ProviderClient {
  private known?: { discovered: Promise<Discovered>; until: number };

  constructor(private readonly provider: ProviderSettings) {}

  async authorizationUrl({ flow, state, callback, loginHint }: Departure): Promise<string> {
    const { openId, config } = await withDeadline(() => this.present());
    const url = openId.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: this.provider.scopes,
      state,
      nonce: flow.nonce,
      code_challenge: await openId.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
      ...(this.provider.type === 'apple' && { response_mode: 'form_post' }), // Apple requires form_post when name or address are requested
      ...(loginHint !== undefined && { login_hint: loginHint }),
    });
    return url.href;
  }

  async identify(arrival: Arrival): Promise<Profile> {
    try {
      return await withDeadline(() => this.exchange(arrival));
    } catch (error) {
      if (isUnanswered(error)) this.known = undefined; // the next request fetches the metadata again, which shows whether the provider is up
      throw error;
    }
  }

  async check(): Promise<void> {
    await withDeadline(() => this.discover());
  }

  /** Trades the code for tokens and reads the profile; the tokens aren't kept. */
  private async exchange(arrival: Arrival): Promise<Profile> {
    const { openId, config, authentication, assertSigned } = await this.discovered();
    const { flow, parameters } = arrival;
    const checks = { expectedState: parameters.state, expectedNonce: flow.nonce, pkceCodeVerifier: flow.verifier };
    const grant = () => openId.authorizationCodeGrant(config, returnUrl(arrival), { ...checks, idTokenExpected: true });
    const tokens = await grant().catch((error: unknown) => {
      if (!authentication.tryAnother(error, config.serverMetadata())) throw error;
      return grant();
    });
    await assertSigned(tokens.id_token as string);
    const claims = tokens.claims() as Claims;
    const profile = profileOf(
      this.provider,
      claims,
      await this.moreOf(claims, tokens.access_token, { openId, config }),
    );
    return { ...profile, name: profile.name ?? nameInForm(parameters.user) };
  }

  /** Claims of the userinfo endpoint: many providers leave the address out of the ID token. */
  private async moreOf(
    claims: Claims,
    accessToken: string,
    { openId, config }: Pick<Discovered, 'openId' | 'config'>,
  ): Promise<Claims> {
    if (typeof claims['email'] === 'string' || !config.serverMetadata().userinfo_endpoint) return {};
    return openId.fetchUserInfo(config, accessToken, String(claims['sub']));
  }

  /** Cached metadata of a provider that accepts connections; otherwise it is fetched again. */
  private async present(): Promise<Discovered> {
    const { known } = this;
    const discovered = await this.discovered();
    if (this.known !== known) return discovered; // it was fetched meanwhile
    const { token_endpoint: endpoint } = discovered.config.serverMetadata();
    if (endpoint === undefined || (await presenceOf(endpoint)) === 'listening') return discovered;
    if (this.known === known) this.known = undefined;
    return this.discovered();
  }

  /** Concurrent callers share one request; a failure isn't cached. */
  private discovered(): Promise<Discovered> {
    if (this.known && this.known.until > Date.now()) return this.known.discovered;
    const known = { discovered: this.discover(), until: Date.now() + DISCOVERY_LIFETIME };
    this.known = known;
    known.discovered.catch(() => {
      if (this.known === known) this.known = undefined;
    });
    return known.discovered;
  }

  private async discover(): Promise<Discovered> {
    const openId = await openIdClient();
    const { issuer, clientId } = this.provider;
    const mayBeInsecure = issuer.startsWith('http:');
    const authentication = new ClientAuthentication(this.provider, openId);
    const { server, fetch } = this.discoveryAt(new URL(issuer));
    const config = await openId.discovery(server, clientId, undefined, authentication.authenticate, {
      [openId.customFetch]: fetch,
      ...(mayBeInsecure && { execute: [overHttp(openId)] }),
    });
    config[openId.customFetch] = fetchInTime;
    const { jwks_uri: keys } = config.serverMetadata();
    if (keys === undefined) throw new Error('its metadata has no jwks_uri');
    return { openId, config, authentication, assertSigned: await signatureCheck(keys, mayBeInsecure) };
  }

  /**
   * openid-client recognises Microsoft, whose tenants have issuers of their own, by the host of its public cloud. For other
   * clouds, and a stand-in in tests, that host is passed and the request redirected.
   */
  private discoveryAt(issuer: URL): { server: URL; fetch: CustomFetch } {
    if (this.provider.type !== 'microsoft') return { server: issuer, fetch: fetchInTime };
    const server = new URL(issuer.pathname, MICROSOFT);
    return { server, fetch: (url, options) => fetchInTime(url.replace(MICROSOFT, issuer.origin), options) };
  }
}

async function signatureCheck(jwksUri: string, mayBeInsecure: boolean): Promise<Discovered['assertSigned']> {
  if (!mayBeInsecure && !jwksUri.startsWith('https:')) throw new Error('its jwks_uri is not an https URL');
  const { compactVerify, createRemoteJWKSet, customFetch } = await import('jose');
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    cooldownDuration: 0, // no pause between fetches: an ID token with an unknown `kid` can only come from the provider
    [customFetch]: (url: string, options: unknown) => fetchInTime(url, options as Parameters<CustomFetch>[1]),
  });
  return async (idToken) => {
    await compactVerify(idToken, keys);
  };
}

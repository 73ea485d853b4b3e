import type { Configuration } from 'openid-client';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { ClientAuthentication } from './client-secrets.js';
import { fetchInTime, type OpenIdClient, openIdClient, overHttp, withDeadline } from './openid.js';
import { type Claims, type Profile, profileOf } from './profile.js';
import { type Arrival, type Departure, type ProviderClient, returnUrl } from './provider-client.js';
import { isUnanswered, presenceOf } from './reachability.js';

/** GitHub: OAuth 2 without ID tokens, so the profile comes from its API. */
export class GithubClient implements ProviderClient {
  private readonly root: string;
  private readonly api: string;
  /** Whether the last exchange got no answer. */
  private isSuspect = false;

  constructor(private readonly provider: ProviderSettings) {
    this.root = provider.issuer.replace(/\/+$/, '');
    this.api = this.root === 'https://github.com' ? 'https://api.github.com' : `${this.root}/api/v3`;
  }

  async authorizationUrl({ flow, state, callback, loginHint }: Departure): Promise<string> {
    await withDeadline(() => this.assertPresent());
    const openId = await openIdClient();
    const url = openId.buildAuthorizationUrl(this.configuration(openId), {
      redirect_uri: callback,
      scope: this.provider.scopes,
      state,
      code_challenge: await openId.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
      ...(loginHint !== undefined && { login: loginHint }),
    });
    return url.href;
  }

  async identify(arrival: Arrival): Promise<Profile> {
    try {
      return await withDeadline(() => this.exchange(arrival));
    } catch (error) {
      this.isSuspect = isUnanswered(error);
      throw error;
    }
  }

  async check(): Promise<void> {
    await withDeadline(() => this.ask());
  }

  /** Opens a connection; after a failed exchange makes a request. There is no discovery whose failure would tell. */
  private async assertPresent(): Promise<void> {
    if (!this.isSuspect && (await presenceOf(this.root)) !== 'silent') return;
    await this.ask();
    this.isSuspect = false;
  }

  private async ask(): Promise<void> {
    await fetchInTime(this.api, { method: 'HEAD', headers: {} } as Parameters<typeof fetchInTime>[1]);
  }

  private async exchange(arrival: Arrival): Promise<Profile> {
    const openId = await openIdClient();
    const config = this.configuration(openId);
    const { flow, parameters } = arrival;
    const checks = { expectedState: parameters.state, pkceCodeVerifier: flow.verifier };
    const tokens = await openId.authorizationCodeGrant(config, returnUrl(arrival), checks);
    const ask = async (path: string): Promise<unknown> => {
      const headers = new Headers({ accept: 'application/vnd.github+json' });
      const url = new URL(this.api + path);
      const answer = await openId.fetchProtectedResource(config, tokens.access_token, url, 'GET', null, headers);
      if (!answer.ok) throw new Error(`its API answered ${answer.status}`);
      return answer.json();
    };
    return this.profile((await ask('/user')) as Claims, await ask('/user/emails'));
  }

  /** The number identifies an account: names can change owners. The primary address is taken, with its verified flag. */
  private profile(user: Claims, addresses: unknown): Profile {
    const { id, login, name, avatar_url } = user;
    if (!Number.isSafeInteger(id)) throw new Error('its API names no user');
    const primary = (Array.isArray(addresses) ? (addresses as Claims[]) : []).find(
      (address) => address['primary'] === true,
    );
    return profileOf(this.provider, {
      iss: this.root,
      sub: String(id),
      email: primary?.['email'],
      email_verified: primary?.['verified'],
      preferred_username: login,
      name,
      picture: avatar_url,
    });
  }

  private configuration(openId: OpenIdClient): Configuration {
    const metadata = {
      issuer: this.root,
      authorization_endpoint: `${this.root}/login/oauth/authorize`,
      token_endpoint: `${this.root}/login/oauth/access_token`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    };
    const { authenticate } = new ClientAuthentication(this.provider, openId);
    const config = new openId.Configuration(metadata, this.provider.clientId, undefined, authenticate);
    config[openId.customFetch] = fetchInTime;
    if (this.root.startsWith('http:')) overHttp(openId)(config);
    return config;
  }
}

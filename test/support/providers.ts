/** Signing in with a provider, as a browser and a front end do it together. */
import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Api } from './api.js';
import type { TestApp } from './app.js';

/** Where the front end has people sent back to. Nothing listens there: a test reads the address and stops. */
export const SIGNED_IN = 'http://127.0.0.1:5173/signed-in';

/** A browser: it follows redirects, and keeps cookies apart by host and path. */
export class Browser {
  private readonly cookies: { host: string; path: string; name: string; value: string }[] = [];

  /** Follows redirects until one leads to this address; returns that, or the answer that is none. */
  async go(url: string, until = SIGNED_IN): Promise<URL | Response> {
    let response = await this.send(url);
    for (let hops = 0; hops < 20; hops++) {
      const location = response.headers.get('location');
      if (location === null) return response;
      const next = new URL(location, response.url);
      if (next.href.startsWith(until)) return next;
      response = await this.send(next.href);
    }
    throw new Error('It goes round in circles');
  }

  private async send(url: string): Promise<Response> {
    const { host, pathname } = new URL(url);
    const cookie = this.cookies
      .filter((one) => one.host === host && pathname.startsWith(one.path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const line of response.headers.getSetCookie()) this.keep(line, host);
    return response;
  }

  private keep(line: string, host: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    const old = this.cookies.findIndex((one) => one.host === host && one.path === path && one.name === name);
    if (old >= 0) this.cookies.splice(old, 1);
    if (value !== '') this.cookies.push({ host, path, name, value });
  }
}

/** The front end's half of a flow: what it keeps, and where it sends the browser. */
export interface Attempt {
  verifier: string;
  state: string;
  /** As a path of the server. */
  path: string;
  redirectUri: string;
}

/** Begins a flow. @param more over what a front end says */
export function attempt(provider: string, more: Record<string, string> = {}): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('base64url');
  const query = {
    response_type: 'code',
    redirect_uri: SIGNED_IN,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    ...more,
  };
  const path = `/api/auth/providers/${provider}/authorize?${new URLSearchParams(query).toString()}`;
  return { verifier, state, path, redirectUri: query.redirect_uri };
}

/** What came back to the front end. */
export interface Returned extends Attempt {
  code: string;
  error: string | null;
}

/** Goes through a provider as whoever the hint says, and comes back. */
export async function through(
  app: TestApp,
  provider: string,
  hint: string,
  { browser = new Browser(), ...more }: { browser?: Browser } & Record<string, unknown> = {},
): Promise<Returned> {
  const begun = attempt(provider, { login_hint: hint, ...(more as Record<string, string>) });
  const end = await browser.go(app.url + begun.path, begun.redirectUri);
  if (!(end instanceof URL)) throw new Error(`It ended at ${end.url} with ${end.status}: ${await end.text()}`);
  if (end.searchParams.get('state') !== begun.state) throw new Error('It came back with another state');
  return { ...begun, code: end.searchParams.get('code') ?? '', error: end.searchParams.get('error') };
}

/** What a code is redeemed with. */
export const redemption = ({ code, verifier, redirectUri }: Returned) => ({
  code,
  code_verifier: verifier,
  redirect_uri: redirectUri,
});

/** Redeems what came back. */
export const redeem = (api: Api, returned: Returned, more: Record<string, string> = {}): Promise<Answer> =>
  api.form('/api/auth/token', { grant_type: 'authorization_code', ...redemption(returned), ...more });

/** Signs in with a provider, all the way. */
export async function signInBy(app: TestApp, provider: string, hint: string): Promise<Answer> {
  return redeem(app.api, await through(app, provider, hint));
}

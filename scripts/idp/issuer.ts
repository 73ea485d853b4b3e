/** An OpenID Connect issuer for developers and tests: the real thing, with people who are whoever they say. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import Provider, { type ProviderContext } from 'oidc-provider';
import { personIn, signInPage } from './page.js';

/** Who somebody is to the issuer. */
export interface Person {
  email: string;
  email_verified: boolean;
  name?: string;
  /** How they signed in; `mfa` for two factors. */
  amr?: string[];
}

export interface IssuerOptions {
  port: number;
  clientId: string;
  clientSecret: string;
  /** Whom it sends people back to. */
  redirectUris: string[];
  /** Signs in whoever the front end hints at without a page to fill in. */
  known?: Record<string, Person>;
}

/** A running issuer. */
export interface Issuer {
  url: string;
  close: () => Promise<void>;
}

/** Starts an issuer on loopback. Each has keys of its own. */
export async function startIssuer({
  port,
  clientId,
  clientSecret,
  redirectUris,
  known = {},
}: IssuerOptions): Promise<Issuer> {
  const people = new Map(Object.entries(known));
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${portOf(server)}`;
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code'],
    response_types: ['code'],
  };
  const provider = new Provider(url, {
    clients: [client],
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/sign-in/${uid}` },
    loadExistingGrant: (context: ProviderContext) => consent(provider, context),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    jwks: { keys: [newKey()] },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, Session: 3600 },
  });
  const handle = provider.callback();
  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { params } = await provider.interactionDetails(request, response);
    const hint = params['login_hint'] ?? '';
    const person = people.get(hint) ?? (request.method === 'POST' ? await personIn(request) : undefined);
    if (!person) return signInPage(response, { hint, client: clientId });
    const accountId = people.has(hint) ? hint : person.email;
    people.set(accountId, person);
    await provider.interactionFinished(request, response, { login: { accountId, amr: person.amr } });
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const answered = request.url?.startsWith('/sign-in/') ? signIn(request, response) : handle(request, response);
    answered.catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(`${(error as Error).message}\n`);
    });
  });
  return { url, close: () => closed(server) };
}

/** Nobody is asked whether the client may know them: it is the developer's own. */
async function consent(provider: Provider, { oidc }: ProviderContext) {
  const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope(oidc.params.scope);
  await grant.save();
  return grant;
}

function newKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: randomBytes(8).toString('hex') };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

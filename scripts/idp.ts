/** `npm run idp`: an OpenID Connect issuer on this machine, to sign in with during development. */
import { loadEnvironment } from '../src/config/settings.js';
import { startIssuer } from './idp/issuer.js';

const env = loadEnvironment();
const PORT = Number(env['IDP_PORT'] ?? 4400);
const API = env['PUBLIC_URL'] ?? `http://127.0.0.1:${env['PORT'] ?? 8000}`;
const CLIENT = { clientId: 'userhub', clientSecret: 'for development only' };

const names = ['local', 'second']; // two names for it in .env show how a second provider is linked
const redirectUris = [API, API.replace('127.0.0.1', 'localhost'), API.replace('localhost', '127.0.0.1')].flatMap(
  (base) => names.map((name) => `${base.replace(/\/+$/, '')}/api/auth/providers/${name}/callback`),
);
const { url, close } = await startIssuer({ port: PORT, ...CLIENT, redirectUris: [...new Set(redirectUris)] });
process.stdout.write(`
  An issuer for development listens at ${url}. To sign in with it, put this into .env and start the server:

OIDC_LOCAL_ISSUER=${url}
OIDC_LOCAL_CLIENT_ID=${CLIENT.clientId}
OIDC_LOCAL_CLIENT_SECRET=${CLIENT.clientSecret}
OIDC_LOCAL_LABEL=Local issuer
OIDC_LOCAL_TRUST_EMAIL=true

  It takes anybody for whoever they say. For a second provider, start another: IDP_PORT=4401 npm run idp, with
  OIDC_SECOND_… in place of OIDC_LOCAL_…. Ctrl+C ends it.

`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close());

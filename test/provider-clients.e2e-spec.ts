import { randomBytes } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import * as openId from 'openid-client';
import { type Issuer, startIssuer } from '../scripts/idp/issuer.js';
import { startApp, type TestApp } from './support/app.js';
import { freePort } from './support/ports.js';
import { Browser, SIGNED_IN, signInBy } from './support/providers.js';

/** Against a whole issuer, npm's oidc-provider, and with the libraries that front ends and apps use. */
describe('a real issuer', () => {
  let issuer: Issuer;
  let app: TestApp;
  const known = {
    ada: { email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' },
    bob: { email: 'bob@example.com', email_verified: true, amr: ['pwd', 'mfa'] },
  };
  const start = (port: number) =>
    startIssuer({
      port,
      clientId: 'userhub',
      clientSecret: 'a secret of the issuer',
      redirectUris: [`${app.url}/api/auth/providers/local/callback`],
      known,
    });

  beforeAll(async () => {
    const port = await freePort();
    app = await startApp({
      OIDC_LOCAL_ISSUER: `http://127.0.0.1:${port}`,
      OIDC_LOCAL_CLIENT_ID: 'userhub',
      OIDC_LOCAL_CLIENT_SECRET: 'a secret of the issuer',
      OIDC_LOCAL_TRUST_EMAIL: 'true',
      OIDC_LOCAL_TRUST_MFA: 'true',
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
    issuer = await start(port);
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await issuer.close();
  });

  it('signs a new person up, and in again in another browser', async () => {
    const first = await signInBy(app, 'local', 'ada');
    const { body: me } = await app.api.as(first.body).get('/api/auth/me');
    expect(me).toMatchObject({ email: 'ada@example.com', email_verified: true, display_name: 'Ada Lovelace', has_password: false }); // prettier-ignore
    const again = await signInBy(app, 'local', 'ada');
    expect((await app.api.as(again.body).get('/api/auth/me')).body.id).toBe(me.id);
  });

  it('says when somebody showed two factors', async () => {
    const { body } = await signInBy(app, 'local', 'bob');
    expect((await app.api.as(body).get('/api/auth/sessions')).body.items).toMatchObject([{ amr: ['fed', 'mfa'], acr: 'aal2' }]); // prettier-ignore
  });

  it('may be started anew, with other keys', async () => {
    await issuer.close();
    issuer = await start(Number(new URL(issuer.url).port));
    expect(await signInBy(app, 'local', 'ada')).toMatchObject({ status: 200 });
  });

  it('is led to by openid-client, unchanged', async () => {
    const config = new openId.Configuration(
      {
        issuer: app.url,
        authorization_endpoint: `${app.url}/api/auth/providers/local/authorize`,
        token_endpoint: `${app.url}/api/auth/token`,
      },
      'web',
      undefined,
      openId.None(),
    );
    openId.allowInsecureRequests(config); // eslint-disable-line @typescript-eslint/no-deprecated -- on loopback
    const verifier = openId.randomPKCECodeVerifier();
    const state = openId.randomState();
    const url = openId.buildAuthorizationUrl(config, {
      redirect_uri: SIGNED_IN,
      scope: 'openid',
      state,
      code_challenge: await openId.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      login_hint: 'ada',
    });
    const end = (await new Browser().go(url.href)) as URL;
    const tokens = await openId.authorizationCodeGrant(config, end, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    expect(await app.api.as(tokens.access_token).get('/api/auth/me')).toMatchObject({
      body: { email: 'ada@example.com' },
    });
    const renewed = await openId.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(renewed.access_token).not.toBe(tokens.access_token);
    await expect(openId.authorizationCodeGrant(config, end, { pkceCodeVerifier: verifier, expectedState: state })).rejects.toMatchObject({ error: 'invalid_grant' }); // prettier-ignore
  });

  it('is led to by oauth4webapi', async () => {
    const server: oauth.AuthorizationServer = { issuer: app.url, token_endpoint: `${app.url}/api/auth/token` };
    const client: oauth.Client = { client_id: 'web' };
    const verifier = oauth.generateRandomCodeVerifier();
    const state = randomBytes(8).toString('hex');
    const url = new URL(`${app.url}/api/auth/providers/local/authorize`);
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: SIGNED_IN,
      response_type: 'code',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      login_hint: 'bob',
    }).toString();
    const end = (await new Browser().go(url.href)) as URL;
    const parameters = oauth.validateAuthResponse(server, client, end, state);
    const insecure = { [oauth.allowInsecureRequests]: true }; // eslint-disable-line @typescript-eslint/no-deprecated -- on loopback
    const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, SIGNED_IN, verifier, insecure); // prettier-ignore
    const { access_token } = await oauth.processAuthorizationCodeResponse(server, client, answer);
    expect(await app.api.as(access_token).get('/api/auth/me')).toMatchObject({ body: { email: 'bob@example.com' } });
  });
});

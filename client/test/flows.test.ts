import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createUserHub, type UserHub, type UserHubOptions, UserHubProblem } from '@userhub/client';
import { StubIssuer } from '../../test/support/stub-issuer.ts';
import { mailTo, totpCode } from './support/codes.ts';
import { type Server, startServer } from './support/server.ts';
import { Wire } from './support/wire.ts';

const PASSWORD = 'correct horse battery';
const BACK = 'http://127.0.0.1:5173/signed-in';

let server: Server;
let issuer: StubIssuer;
before(async () => {
  issuer = await StubIssuer.start();
  server = await startServer({
    THROTTLE: 'off',
    STEP_UP_MAX_AGE_SECONDS: '600',
    OIDC_ACME_ISSUER: issuer.url,
    OIDC_ACME_CLIENT_ID: 'userhub',
    OIDC_ACME_CLIENT_SECRET: 'a secret of the tests',
  });
});
after(async () => {
  await server?.stop();
  await issuer?.stop();
});

let people = 0;
const client = (options: Partial<UserHubOptions> = {}) => createUserHub({ baseUrl: server.url, ...options });
const me = async (hub: UserHub) => (await hub.api.GET('/api/auth/me')).data;

async function signedUp(options: Partial<UserHubOptions> = {}) {
  const username = `bob${++people}`;
  const email = `${username}@example.com`;
  const hub = client(options);
  await hub.signUp({ username, email, password: PASSWORD });
  return { hub, username, email };
}

async function failure(call: Promise<unknown>): Promise<UserHubProblem> {
  const reason: unknown = await call.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );
  assert(reason instanceof UserHubProblem, String(reason));
  return reason;
}

/** Somebody with an authenticator app, signed in. */
async function withApp(options: Partial<UserHubOptions> = {}) {
  const person = await signedUp(options);
  const { data } = await person.hub.api.POST('/api/auth/mfa/totp');
  const code = totpCode(data.secret, -1);
  const recoveryCodes = await person.hub.confirmTotp({ setup_token: data.setup_token, code });
  return { ...person, secret: data.secret, recoveryCodes: recoveryCodes ?? [] };
}

describe('links and codes of mails', () => {
  it('confirm an address, by the code of the one who is signed in', async () => {
    const { hub, email } = await signedUp();
    const { code } = await mailTo(server.url, email, 'verify');
    assert.equal(
      (await failure(hub.verifyEmail({ code: '000 000' === code ? '111 111' : '000 000' }))).code,
      'code_invalid',
    );
    await hub.verifyEmail({ code });
    assert.equal((await me(hub)).email_verified, true);
  });

  it('confirm an address by link and password, after a look at what it is for', async () => {
    const { hub, email } = await signedUp();
    const { token } = await mailTo(server.url, email, 'verify');
    const elsewhere = client();
    const { purpose, email: shown } = await elsewhere.previewLink(token);
    assert.deepEqual([purpose, shown], ['verify', email]);
    await elsewhere.verifyEmail({ token, password: PASSWORD });
    assert.equal((await me(hub)).email_verified, true);
    assert.equal((await failure(elsewhere.previewLink('ev_forged'))).code, 'link_invalid');
  });

  it('set a new password', async () => {
    const { email } = await signedUp();
    const hub = client();
    await hub.requestPasswordReset({ email });
    const { token } = await mailTo(server.url, email, 'reset');
    await hub.resetPassword({ token, new_password: 'another horse battery' });
    assert.equal(await hub.isSignedIn(), false);
    await hub.signIn({ email, password: 'another horse battery' });
    assert.equal((await failure(hub.resetPassword({ token, new_password: PASSWORD }))).code, 'link_used');
  });

  it('confirm a new address', async () => {
    const { hub, email } = await signedUp();
    await hub.verifyEmail({ code: (await mailTo(server.url, email, 'verify')).code });
    const path = { id: (await me(hub)).id };
    const next = `new-${email}`;
    await hub.api.PATCH('/api/users/{id}', { params: { path }, body: { email: next, current_password: PASSWORD } });
    await hub.confirmEmailChange({ code: (await mailTo(server.url, next, 'change')).code });
    assert.equal((await me(hub)).email, next);
  });

  it('accept an invitation, and sign in', async () => {
    const root = client();
    await root.signIn(server.admin);
    const email = 'invited@example.com';
    await root.api.POST('/api/invitations', { body: { email } });
    const { token } = await mailTo(server.url, email, 'invitation');
    const hub = client();
    assert.equal((await failure(hub.acceptInvitation({ token, username: 'root', password: 'short' }))).status, 422);
    const user = await hub.acceptInvitation({ token, username: 'invited', password: PASSWORD });
    assert.equal(user.email_verified, true);
    assert.equal((await me(hub)).username, 'invited');
  });
});

describe('a second factor', () => {
  it('is set up, and asked for at the next sign-in', async () => {
    const { hub, email, secret, recoveryCodes } = await withApp();
    assert.equal(recoveryCodes.length, 10);
    assert.equal((await me(hub)).mfa_enabled, true);

    const other = client();
    const problem = await failure(other.signIn({ email, password: PASSWORD }));
    assert.equal(problem.code, 'mfa_required');
    assert.deepEqual(problem.mfa?.methods, ['totp', 'recovery_code']);
    assert.equal(await other.isSignedIn(), false);
    assert.equal((await failure(other.verifyFactor({ code: 'abcdef' }))).code, 'invalid_code');
    await other.verifyFactor({ code: totpCode(secret) });
    assert.equal((await me(other)).email, email);
  });

  it('can be a recovery code, and the device remembered', async () => {
    const { email, recoveryCodes } = await withApp();
    const hub = client();
    const { mfa } = await failure(hub.signIn({ email, password: PASSWORD }));
    const elsewhere = client(); // the page was loaded anew
    const [recovery_code = ''] = recoveryCodes;
    const { device_token } = await elsewhere.verifyFactor({ recovery_code, remember_device: true }, mfa);
    assert(device_token);
    await hub.signIn({ email, password: PASSWORD, device_token });
    assert.equal(await hub.isSignedIn(), true);
  });

  it('goes with the password in one step, for programs', async () => {
    const { email, secret } = await withApp();
    const hub = client();
    await hub.signIn({ email, password: PASSWORD, otp: totpCode(secret) });
    assert.equal((await me(hub)).email, email);
  });
});

describe('stepping up', () => {
  /** Signed in by password on a remembered device: not enough for what is delicate. */
  async function remembered(
    onStepUp?: (hub: UserHub, secret: string, problem: UserHubProblem) => Promise<boolean | void>,
  ) {
    const { email, secret, recoveryCodes } = await withApp();
    const wire = new Wire();
    const hub: UserHub = client({
      fetch: wire.fetch,
      ...(onStepUp && { onStepUp: (problem: UserHubProblem) => onStepUp(hub, secret, problem) }),
    });
    await failure(hub.signIn({ email, password: PASSWORD }));
    const [recovery_code = ''] = recoveryCodes;
    const { device_token = '' } = await hub.verifyFactor({ recovery_code, remember_device: true });
    await hub.signOut();
    await hub.signIn({ email, password: PASSWORD, device_token });
    return { hub, secret, wire };
  }
  const delicate = (hub: UserHub) => hub.api.POST('/api/auth/mfa/recovery-codes');

  it('is asked for, and then lets the call through', async () => {
    const { hub, secret } = await remembered();
    const problem = await failure(delicate(hub));
    assert.equal(problem.code, 'step_up_required');
    assert.deepEqual([problem.stepUp?.acr, problem.stepUp?.methods.includes('totp')], ['aal2', true]);
    assert.equal((await failure(hub.stepUp({ code: 'abcdef' }))).code, 'wrong_code');
    await hub.stepUp({ code: totpCode(secret) });
    assert.equal((await delicate(hub)).data.recovery_codes.length, 10);
  });

  it('happens once for all calls that wait for it, which are then repeated', async () => {
    let asked = 0;
    const { hub, wire } = await remembered(async (it, secret) => {
      asked++;
      await it.stepUp({ code: totpCode(secret) });
    });
    const name = 'a token';
    const call = () => hub.api.POST('/api/auth/tokens', { body: { name, scopes: ['users:read'], expires_in_days: 7 } });
    const answers = await Promise.all([call(), call()]);
    assert.deepEqual(
      answers.map(({ data }) => data.name),
      [name, name],
    );
    assert.deepEqual([asked, wire.count('/step-up')], [1, 1]);
  });

  it('is left out by who says no: the call fails as it did', async () => {
    const { hub } = await remembered(() => Promise.resolve(false));
    assert.equal((await failure(delicate(hub))).code, 'step_up_required');
  });
});

describe('an access token', () => {
  it('is all that a program needs', async () => {
    const { hub, username } = await signedUp();
    const body = { name: 'nightly', scopes: ['users:read' as const], expires_in_days: 7 };
    const { data } = await hub.api.POST('/api/auth/tokens', { body });
    const program = client({ accessToken: data.token });
    assert.equal(await program.isSignedIn(), true);
    const found = [];
    for await (const user of program.pages('/api/users', { params: { query: { q: username } } }))
      found.push(user.username);
    assert.deepEqual(found, [username]);
    assert.equal(
      (await failure(program.api.POST('/api/posts', { body: { content: 'Hello' } }))).code,
      'insufficient_scope',
    );
  });
});

describe('signing in with a provider', () => {
  /** What a browser does: follows all ways until one leads to the page of the application. */
  async function follow(url: string): Promise<string> {
    for (let next = url; ;) {
      const location = (await fetch(next, { redirect: 'manual' })).headers.get('location');
      assert(location, next);
      if (location.startsWith(BACK)) return location;
      next = new URL(location, next).href;
    }
  }
  const somebody = (sub: string, email: string) =>
    (issuer.people[sub] = { sub, email, email_verified: true, preferred_username: sub });

  it('begins with an address and ends with the code in another', async () => {
    somebody('grace', 'grace@example.com');
    const hub = client();
    const { url, flow } = await hub.signInWith('acme', { redirect_uri: BACK, login_hint: 'grace' });
    const address = await follow(url);
    const mallory = { ...flow, code_verifier: 'x'.repeat(43) };
    assert.equal((await failure(hub.finishSignIn({ ...flow, state: 'another' }, address))).code, 'sign_in_expired');
    await hub.finishSignIn(flow, address);
    assert.equal((await me(hub)).email, 'grace@example.com');

    const again = await hub.signInWith('acme', { redirect_uri: BACK, login_hint: 'grace' });
    const stolen = await follow(again.url);
    assert.equal(
      (await failure(client().finishSignIn({ ...mallory, state: again.flow.state }, stolen))).code,
      'invalid_grant',
    );
  });

  it('says that somebody has cancelled', async () => {
    const hub = client();
    const { flow } = await hub.signInWith('acme', { redirect_uri: BACK });
    const address = `${BACK}?error=access_denied&state=${flow.state}`;
    assert.equal((await failure(hub.finishSignIn(flow, address))).code, 'access_denied');
  });

  it('links what belongs to an account that is there, once its owner has signed in', async () => {
    const { hub, email } = await signedUp();
    await hub.verifyEmail({ code: (await mailTo(server.url, email, 'verify')).code });
    somebody('linus', email);
    const stranger = client();
    const { url, flow } = await stranger.signInWith('acme', { redirect_uri: BACK, login_hint: 'linus' });
    const { code, linkToken } = await failure(stranger.finishSignIn(flow, await follow(url)));
    assert.equal(code, 'account_exists');
    assert(linkToken);
    const identity = await hub.linkIdentity({ linkToken });
    assert.deepEqual([identity.provider, identity.email], ['acme', email]);
  });
});

import { startApp, type TestApp } from './support/app.js';
import { codeOf, letTimePass, withTotp } from './support/factors.js';
import { mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { attempt, redeem, redemption, SIGNED_IN, signInBy, through } from './support/providers.js';
import { StubIssuer } from './support/stub-issuer.js';

describe('who comes from a provider', () => {
  let issuer: StubIssuer;
  let app: TestApp;

  beforeAll(async () => {
    issuer = await StubIssuer.start();
    const provider = (name: string, more: Record<string, string> = {}) =>
      Object.fromEntries(
        Object.entries({ ISSUER: issuer.url, CLIENT_ID: 'userhub', ...more }).map(([key, value]) => [`OIDC_${name}_${key}`, value]), // prettier-ignore
      );
    app = await startApp({
      ...provider('WORK'),
      ...provider('TRUSTED', { TRUST_EMAIL: 'true', TRUST_MFA: 'true' }),
      ...provider('CLOSED', { SIGN_UP: 'false' }),
      ...provider('COMPANY', { TRUST_EMAIL: 'true', ALLOWED_DOMAINS: 'example.com, example.org' }),
      OAUTH_REDIRECT_URIS: SIGNED_IN,
    });
  });
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });
  beforeEach(async () => {
    await app.sql('TRUNCATE users, outbox, dev_mails, audit_events, provider_results CASCADE');
    issuer.manners = {};
    issuer.people = {
      ada: { sub: 'ada-1', email: 'ada@example.com', email_verified: true },
      bob: { sub: 'bob-1', email: 'bob@elsewhere.example', email_verified: true },
    };
  });

  const meOf = async (tokens: { access_token: string }) => (await app.api.as(tokens).get('/api/auth/me')).body as Record<string, unknown>; // prettier-ignore
  const refused = (error: string) => ({ status: 400, body: { error } });
  const verify = (email: string) => app.sql('UPDATE users SET email_verified_at = now() WHERE email = $1', [email]);
  const identities = () => app.sql<{ subject: string; user_id: string }>('SELECT subject, user_id FROM identities ORDER BY subject'); // prettier-ignore

  describe('with an address that is free', () => {
    it('gets an account whose address is to be verified', async () => {
      const { body } = await signInBy(app, 'work', 'ada');
      expect(await meOf(body)).toMatchObject({ email_verified: false, has_password: false });
      await mailTo(app, 'ada@example.com', 'verify');
    });

    it('gets one whose address is verified, where the provider is trusted', async () => {
      const { body } = await signInBy(app, 'trusted', 'ada');
      expect(await meOf(body)).toMatchObject({ email_verified: true });
      expect(await queuedTo(app, 'ada@example.com')).toEqual([]);
    });

    it.each([[undefined], [false], ['true'], [1]])('is not trusted with email_verified: %p', async (email_verified) => {
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com', email_verified };
      const { body } = await signInBy(app, 'trusted', 'ada');
      expect(await meOf(body)).toMatchObject({ email_verified: false });
    });

    it('gets none where sign-up is closed', async () => {
      expect(await signInBy(app, 'closed', 'ada')).toMatchObject(refused('access_denied'));
      expect(await app.sql('SELECT id FROM users')).toEqual([]);
      expect(await app.sql(`SELECT details FROM audit_events WHERE action = 'login'`)).toEqual([{ details: { provider: 'closed', reason: 'sign_up_closed' } }]); // prettier-ignore
    });

    it('gets one only with a verified address of an allowed domain', async () => {
      expect(await signInBy(app, 'company', 'bob')).toMatchObject(refused('access_denied'));
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com', email_verified: false };
      expect(await signInBy(app, 'company', 'ada')).toMatchObject(refused('access_denied'));
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@EXAMPLE.com', email_verified: true };
      expect(await signInBy(app, 'company', 'ada')).toMatchObject({ status: 200 });
    });

    it.each([[undefined], ['no address'], [7], ['a@b@c"']])('gets none with the address %p', async (email) => {
      issuer.people['ada'] = { sub: 'ada-1', email };
      issuer.manners.userinfo = { sub: 'ada-1' };
      expect(await signInBy(app, 'work', 'ada')).toMatchObject(refused('access_denied'));
    });
  });

  describe('with an address that somebody has, verified', () => {
    let ada: Person;
    beforeEach(async () => {
      ada = await person(app, 'ada');
      await verify(ada.email);
    });

    it.each(['work', 'trusted'])('gets a link token from %s, unless both trust the address', async (provider) => {
      issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com', email_verified: provider === 'work' };
      const answer = await signInBy(app, provider, 'ada');
      expect(answer).toMatchObject(refused('account_exists'));
      expect(answer.body.link_token).toMatch(/^lt_/);
      expect(await identities()).toEqual([]);
    });

    it('links with that token once signed in the own way, and is told by mail', async () => {
      const { link_token } = (await signInBy(app, 'work', 'ada')).body as { link_token: string };
      const linked = await ada.api.post('/api/auth/identities', { link_token });
      expect(linked).toMatchObject({
        status: 201,
        body: { provider: 'work', email: 'ada@example.com', last_used_at: null },
      });
      expect((await mailTo(app, ada.email, 'identity_linked')).text).toContain('Work');
      expect(await meOf((await signInBy(app, 'work', 'ada')).body)).toMatchObject({ id: ada.id, has_password: true });
      expect((await ada.api.get('/api/auth/events?action=identity_linked')).body.items).toMatchObject([{ details: { provider: 'work' } }]); // prettier-ignore
    });

    it('links nothing of a stranger, nor with a token that is none', async () => {
      const bob = await person(app, 'bob');
      const { link_token } = (await signInBy(app, 'work', 'ada')).body as { link_token: string };
      expect(await bob.api.post('/api/auth/identities', { link_token })).toFailWith(403, 'forbidden');
      const forged = `${link_token.slice(0, 50)}${link_token[50] === 'A' ? 'B' : 'A'}${link_token.slice(51)}`;
      expect(await ada.api.post('/api/auth/identities', { link_token: forged })).toFailWith(400, 'invalid_grant');
      expect(await identities()).toEqual([]);
    });

    it('is linked at once where both sides are verified, and the owner is told', async () => {
      expect(await meOf((await signInBy(app, 'trusted', 'ada')).body)).toMatchObject({ id: ada.id });
      await mailTo(app, ada.email, 'identity_linked');
    });

    it('is asked for the second factor also when linked at once', async () => {
      await app.sql('UPDATE users SET mfa_required = true WHERE id = $1', [ada.id]);
      expect(await signInBy(app, 'trusted', 'ada')).toMatchObject(refused('mfa_enrollment_required'));
      expect(await signInBy(app, 'trusted', 'ada')).toMatchObject(refused('mfa_enrollment_required'));
    });

    it('is not linked to an account that is deactivated', async () => {
      await app.sql('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
      expect(await signInBy(app, 'trusted', 'ada')).toMatchObject(refused('access_denied'));
      expect(await identities()).toEqual([]);
    });
  });

  describe('with an address that somebody has planted', () => {
    it.each(['work', 'trusted'])('gets in by a password reset alone, from %s too', async (provider) => {
      await app.api.post('/api/auth/register', { email: 'ada@example.com', username: 'mallory', password: PASSWORD });
      const answer = await signInBy(app, provider, 'ada');
      expect(answer).toMatchObject(refused('account_exists'));
      expect(answer.body).not.toHaveProperty('link_token');
      expect(await identities()).toEqual([]);
    });

    it('loses what was planted with the reset: identities too', async () => {
      const ada = await person(app, 'ada');
      const returned = await through(app, 'work', 'bob'); // mallory's own identity
      expect(await ada.api.post('/api/auth/identities', redemption(returned))).toMatchObject({ status: 201 });
      await app.api.post('/api/auth/password-reset', { email: ada.email });
      const { token } = await mailTo(app, ada.email, 'reset');
      expect(await app.api.post('/api/auth/password-reset/confirm', { token, new_password: 'a better horse battery' })).toMatchObject({ status: 204 }); // prettier-ignore
      expect(await identities()).toEqual([]);
      expect(await signInBy(app, 'trusted', 'ada')).toMatchObject({ status: 200 }); // the address is verified by now
    });
  });

  it('stays in the account when the address at the provider changes', async () => {
    const first = await meOf((await signInBy(app, 'trusted', 'ada')).body);
    issuer.people['ada'] = { sub: 'ada-1', email: 'countess@example.com', email_verified: true };
    const tokens = (await signInBy(app, 'trusted', 'ada')).body as { access_token: string };
    expect(await meOf(tokens)).toMatchObject({ id: first['id'], email: 'ada@example.com' });
    expect((await app.api.as(tokens).get('/api/auth/identities')).body.items).toMatchObject([{ email: 'countess@example.com' }]); // prettier-ignore
  });

  it('is somebody else with the same address and another subject', async () => {
    await signInBy(app, 'trusted', 'ada');
    issuer.people['ada'] = { sub: 'ada-2', email: 'ada@example.com', email_verified: false };
    expect(await signInBy(app, 'trusted', 'ada')).toMatchObject(refused('account_exists'));
  });

  it('brings a second factor along where that is trusted', async () => {
    issuer.people['ada'] = { ...issuer.people['ada'], amr: ['pwd', 'mfa'] };
    const { body } = await signInBy(app, 'trusted', 'ada');
    expect((await app.api.as(body).get('/api/auth/sessions')).body.items).toMatchObject([{ amr: ['fed', 'mfa'], acr: 'aal2' }]); // prettier-ignore
    const other = await signInBy(app, 'work', 'ada');
    expect((await app.api.as(other.body).get('/api/auth/sessions')).body.items[0]).toMatchObject({ amr: ['fed'], acr: 'aal1' }); // prettier-ignore
  });

  it('is asked for the second factor of the account, on every way in', async () => {
    const ada = await withTotp(app, await person(app, 'ada'));
    await ada.api.post('/api/auth/identities', redemption(await through(app, 'work', 'bob')));
    const answer = await signInBy(app, 'work', 'bob');
    expect(answer).toMatchObject(refused('mfa_required'));
    expect(answer.body.mfa_methods).toContain('totp');
    await letTimePass(app, ada);
    const { mfa_token } = answer.body as { mfa_token: string };
    const tokens = await app.api.post('/api/auth/mfa/verify', { mfa_token, code: codeOf(ada) });
    expect((await app.api.as(tokens.body).get('/api/auth/sessions')).body.items[0]).toMatchObject({ amr: ['fed', 'otp', 'mfa'], acr: 'aal2' }); // prettier-ignore
    await letTimePass(app, ada);
    const inOneStep = await redeem(app.api, await through(app, 'work', 'bob'), { otp: codeOf(ada) });
    expect(inOneStep).toMatchObject({ status: 200 });
    expect(await app.sql(`SELECT id FROM sessions WHERE 'fed' = ANY(amr) AND NOT 'mfa' = ANY(amr)`)).toEqual([]);
  });

  describe('linking and unlinking', () => {
    let ada: Person;
    beforeEach(async () => {
      ada = await person(app, 'ada');
    });
    const link = async (someone: Person, hint: string) =>
      someone.api.post('/api/auth/identities', redemption(await through(app, 'work', hint)));

    it('links by the code of a flow, whatever address it has', async () => {
      expect(await link(ada, 'bob')).toMatchObject({ status: 201, body: { provider: 'work', email: 'bob@elsewhere.example' } }); // prettier-ignore
      expect(await meOf((await signInBy(app, 'work', 'bob')).body)).toMatchObject({ id: ada.id });
    });

    it('links the same again without a word', async () => {
      const [first, again] = [await link(ada, 'bob'), await link(ada, 'bob')];
      expect(again).toMatchObject({ status: 201, body: { id: first.body.id } });
      expect(await queuedTo(app, ada.email)).toEqual(['verify', 'identity_linked']);
    });

    it('links nobody else’s', async () => {
      await signInBy(app, 'work', 'bob');
      expect(await link(ada, 'bob')).toFailWith(409, 'identity_taken');
    });

    it('takes no code without its verifier: mallory’s in ada’s tab is burnt', async () => {
      const mallorys = await through(app, 'work', 'bob');
      const own = attempt('work');
      const answer = await ada.api.post('/api/auth/identities', redemption({ ...mallorys, verifier: own.verifier }));
      expect(answer).toFailWith(400, 'invalid_grant');
      expect(await redeem(app.api, mallorys)).toMatchObject(refused('invalid_grant'));
      expect(await identities()).toEqual([]);
    });

    it.each([[{}], [{ code: 'pc_x' }], [{ link_token: 'lt_x', code: 'pc_x' }]])(
      'takes no half of both: %j',
      async (body) => {
        expect(await ada.api.post('/api/auth/identities', body)).toFailWith(422, 'validation_failed');
      },
    );

    it('asks for a fresh sign-in, for both', async () => {
      const { id } = (await link(ada, 'bob')).body as { id: string };
      await app.sql(`UPDATE sessions SET auth_time = now() - interval '11 minutes' WHERE user_id = $1`, [ada.id]);
      const { body } = await app.api.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
      const stale = app.api.as(body);
      expect(await stale.post('/api/auth/identities', { link_token: 'lt_x' })).toFailWith(403, 'step_up_required');
      expect(await stale.delete(`/api/auth/identities/${id}`)).toFailWith(403, 'step_up_required');
      expect(await stale.get('/api/auth/identities')).toMatchObject({ status: 200 });
    });

    it('unlinks, and tells by mail', async () => {
      const { id } = (await link(ada, 'bob')).body as { id: string };
      expect(await ada.api.delete(`/api/auth/identities/${id}`)).toMatchObject({ status: 204 });
      await mailTo(app, ada.email, 'identity_unlinked');
      expect((await ada.api.get('/api/auth/identities')).body).toEqual({ items: [] });
      expect(await ada.api.delete(`/api/auth/identities/${id}`)).toFailWith(404, 'not_found');
    });

    it('unlinks nobody else’s', async () => {
      const { id } = (await link(ada, 'bob')).body as { id: string };
      const bob = await person(app, 'bob');
      expect(await bob.api.delete(`/api/auth/identities/${id}`)).toFailWith(404, 'not_found');
    });

    it('shows an admin what is linked, who unlinks it, and the owner is told', async () => {
      const root = await admin(app);
      const { id } = (await link(ada, 'bob')).body as { id: string };
      const path = `/api/users/${ada.id}/identities`;
      expect((await root.api.get(path)).body).toEqual((await ada.api.get('/api/auth/identities')).body);
      expect(await root.api.delete(`/api/users/${root.id}/identities/${id}`)).toFailWith(404, 'not_found');
      expect(await root.api.delete(`${path}/${id}`)).toMatchObject({ status: 204 });
      const { text } = await mailTo(app, ada.email, 'identity_unlinked');
      expect(text).not.toContain('127.0.0.1'); // an admin's address is nobody's business
      const { items } = (await root.api.get(`/api/audit-events?user_id=${ada.id}&action=identity_unlinked`)).body;
      expect(items).toMatchObject([{ actor_id: root.id, details: { provider: 'work' } }]);
      expect(await root.api.get('/api/users/01900000-0000-7000-8000-000000000000/identities')).toFailWith(404, 'not_found'); // prettier-ignore
    });

    it('lets no admin unlink somebody’s last way to sign in', async () => {
      const root = await admin(app);
      const bob = await meOf((await signInBy(app, 'work', 'bob')).body);
      const path = `/api/users/${String(bob['id'])}/identities`;
      const [only] = (await root.api.get(path)).body.items as { id: string }[];
      expect(await root.api.delete(`${path}/${only?.id}`)).toFailWith(409, 'last_sign_in_method');
      expect(await ada.api.get(path)).toFailWith(403, 'forbidden');
    });

    it('never unlinks the last way to sign in, also not two at once', async () => {
      const { body } = await signInBy(app, 'work', 'bob');
      const api = app.api.as(body);
      const own = async () => (await api.get('/api/auth/identities')).body.items as { id: string }[];
      const [only] = await own();
      expect(await api.delete(`/api/auth/identities/${only?.id}`)).toFailWith(409, 'last_sign_in_method');
      issuer.people['eve'] = { sub: 'bob-2', email: 'other@example.com' };
      await api.post('/api/auth/identities', redemption(await through(app, 'work', 'eve')));
      const both = await own();
      const answers = await Promise.all(both.map(({ id }) => api.delete(`/api/auth/identities/${id}`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect(await own()).toHaveLength(1);
    });

    it('lets who has no password set one by mail, and then unlink', async () => {
      issuer.people['eve'] = { sub: 'eve-1', email: 'eve@example.com', email_verified: true };
      const tokens = (await signInBy(app, 'trusted', 'eve')).body as { access_token: string };
      expect(await app.api.post('/api/auth/login', { username: 'eve@example.com', password: PASSWORD })).toFailWith(401, 'invalid_credentials'); // prettier-ignore
      await app.api.post('/api/auth/password-reset', { email: 'eve@example.com' });
      const { token } = await mailTo(app, 'eve@example.com', 'reset');
      await app.api.post('/api/auth/password-reset/confirm', { token, new_password: 'a better horse battery' });
      expect(await app.api.as(tokens).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      const again = app.api.as((await signInBy(app, 'trusted', 'eve')).body); // a verified address keeps its identities
      const [identity] = (await again.get('/api/auth/identities')).body.items as { id: string }[];
      expect(await again.delete(`/api/auth/identities/${identity?.id}`)).toMatchObject({ status: 204 });
    });
  });
});

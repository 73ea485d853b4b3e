import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { mailTo, queuedTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';

describe('invitations', () => {
  let app: TestApp;
  let root: Person;
  const GRACE = 'grace@example.com';

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.sql('TRUNCATE users, invitations, outbox, dev_mails, audit_events CASCADE');
    root = await admin(app);
  });

  const invite = (more: object = {}) => root.api.post('/api/invitations', { email: GRACE, ...more });
  const accept = (body: object, api = app.api) => api.post('/api/invitations/accept', body);
  const tokenOf = async (n?: number) => (await mailTo(app, GRACE, 'invitation', n)).token;
  const get = async (id: string) =>
    (await root.api.get(`/api/invitations/${id}`)).body as { state: string; mail: object };

  it('are mailed, and make no account before they are accepted', async () => {
    const answer = await invite({ role: 'admin', username: 'grace', display_name: 'Grace Hopper', message: 'Come & join <b>us</b>', locale: 'de' }); // prettier-ignore
    expect(answer).toMatchObject({
      status: 201,
      body: { email: GRACE, role: 'admin', username: 'grace', display_name: 'Grace Hopper', state: 'open', invited_by: root.id, accepted_at: null, revoked_at: null, mail: { last_error: null } }, // prettier-ignore
    });
    expect(answer.headers.get('location')).toBe(`/api/invitations/${answer.body.id}`);
    expect(answer.headers.get('etag')).toBeTruthy();
    const mail = await mailTo(app, GRACE, 'invitation');
    expect(mail.token).toMatch(/^iv_/);
    expect(mail.text).toContain('Come & join <b>us</b>');
    expect(mail.html).not.toContain('<b>us</b>');
    expect(await app.sql('SELECT id FROM users')).toHaveLength(1);
    expect(await app.api.post('/api/auth/login', { email: GRACE, password: PASSWORD })).toFailWith(
      401,
      'invalid_credentials',
    );
  });

  it('say what they offer before they are accepted', async () => {
    await invite({ role: 'admin', display_name: 'Grace' });
    expect(await app.api.post('/api/auth/links/preview', { token: await tokenOf() })).toMatchObject({
      status: 200,
      body: { purpose: 'invite', email: GRACE, role: 'admin', invited_by: 'root', display_name: 'Grace' },
    });
  });

  it('make an account with the invited address, verified', async () => {
    const { body } = await invite({ username: 'grace', role: 'admin', locale: 'de' });
    const answer = await accept({ token: await tokenOf(), password: PASSWORD });
    expect(answer).toMatchObject({ status: 201, body: { email: GRACE, email_verified: true, username: 'grace', role: 'admin', locale: 'de' } }); // prettier-ignore
    expect(answer.headers.get('location')).toBe(`/api/users/${answer.body.id}`);
    expect(await signIn(app, 'grace')).toHaveProperty('access_token');
    expect(await get(body.id as string)).toMatchObject({ state: 'accepted' });
    expect((await root.api.get('/api/audit-events?action=invitation_accepted')).body.items).toMatchObject([
      { user_id: answer.body.id },
    ]);
  });

  it('let people choose another name than the proposed one', async () => {
    await invite({ username: 'grace', display_name: 'Grace' });
    const answer = await accept({
      token: await tokenOf(),
      username: 'hopper',
      display_name: 'Amazing',
      password: PASSWORD,
    });
    expect(answer).toMatchObject({ status: 201, body: { username: 'hopper', display_name: 'Amazing' } });
  });

  it.each([
    [{ password: PASSWORD }, '/username', 'required'],
    [{ username: 'grace' }, '/password', 'required'],
    [{ username: 'grace', password: 'short' }, '/password', 'password_too_short'],
    [{ username: 'grace', password: 'grace' }, '/password', 'password_too_short'],
    [{ username: 'grace', password: PASSWORD, email: 'other@example.com' }, '/email', 'unknown_member'],
  ])('are not used up by %j', async (body, pointer, code) => {
    await invite();
    const token = await tokenOf();
    const answer = await accept({ token, ...body });
    expect(answer).toFailWith(422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
    expect(await accept({ token, username: 'grace', password: PASSWORD })).toMatchObject({ status: 201 });
  });

  it('are not used up by a name that is taken', async () => {
    await person(app, 'bob');
    await invite({ username: 'bob' });
    const token = await tokenOf();
    expect(await accept({ token, password: PASSWORD })).toFailWith(409, 'username_taken');
    expect(await accept({ token, username: 'grace', password: PASSWORD })).toMatchObject({ status: 201 });
  });

  it('are accepted once, also by ten at once', async () => {
    await invite();
    const token = await tokenOf();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => accept({ token, username: `grace${i}`, password: PASSWORD }))); // prettier-ignore
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(410)]);
    for (const answer of answers.filter(({ status }) => status === 410)) expect(answer).toFailWith(410, 'link_used');
    expect(await app.sql('SELECT id FROM users')).toHaveLength(2);
  });

  it('work where nobody may register', async () => {
    const closed = await app.replica({ REGISTRATION: 'closed' });
    await invite({ username: 'grace' });
    const token = await tokenOf();
    const newcomer = { email: 'x@example.com', username: 'xena', password: PASSWORD };
    expect(await closed.api.post('/api/auth/register', newcomer)).toFailWith(403, 'registration_closed');
    expect(await closed.api.post('/api/invitations/accept', { token, password: PASSWORD })).toMatchObject({
      status: 201,
    });
    await closed.close();
  });

  describe('to an address', () => {
    it('that is an account’s are refused', async () => {
      await person(app, 'grace');
      expect(await invite()).toFailWith(409, 'email_taken');
    });

    it('that has an open one are refused, and say where that is', async () => {
      const { body } = await invite();
      const again = await invite({ email: ' GRACE@Example.com' });
      expect(again).toFailWith(409, 'invitation_open');
      expect(again.headers.get('location')).toBe(`/api/invitations/${body.id}`);
    });

    it('whose former one has expired go out', async () => {
      await invite();
      await app.sql(`UPDATE invitations SET expires_at = now()`);
      expect(await invite()).toMatchObject({ status: 201 });
    });

    it('that got an account meanwhile are 409, and raise nobody’s role by a stranger’s click', async () => {
      await invite({ role: 'admin' });
      const token = await tokenOf();
      const grace = await person(app, 'grace');
      const bob = await person(app, 'bob');
      expect(await accept({ token, username: 'other', password: PASSWORD })).toFailWith(409, 'email_taken');
      expect(await accept({ token }, bob.api)).toFailWith(409, 'email_taken');
      expect(await accept({ token }, grace.api)).toFailWith(409, 'email_taken'); // not verified
      expect(await grace.api.get('/api/auth/me')).toMatchObject({ body: { role: 'user' } });
      await grace.api.post('/api/auth/verify-email', { token: (await mailTo(app, GRACE, 'verify')).token });
      expect(await accept({ token }, grace.api)).toMatchObject({ status: 200, body: { id: grace.id, role: 'admin' } });
      expect(await accept({ token }, grace.api)).toFailWith(410, 'link_used');
    });
  });

  describe('sent again', () => {
    it('bring the same link', async () => {
      const { body } = await invite();
      expect(await root.api.post(`/api/invitations/${body.id}/resend`)).toMatchObject({
        status: 202,
        body: { status: 'accepted' },
      });
      expect(await tokenOf(2)).toBe(await tokenOf(1));
    });

    it('live anew when they had expired, by another link', async () => {
      const { body } = await invite({ expires_in_days: 3, username: 'grace' });
      const first = await tokenOf();
      await app.sql(`UPDATE invitations SET expires_at = now() - interval '1 second'`);
      await app.sql(`UPDATE mail_challenges SET expires_at = now() - interval '1 second'`);
      expect(await get(body.id as string)).toMatchObject({ state: 'expired' });
      expect(await accept({ token: first, password: PASSWORD })).toFailWith(410, 'link_expired');
      await root.api.post(`/api/invitations/${body.id}/resend`);
      expect(await get(body.id as string)).toMatchObject({ state: 'open' });
      expect(await accept({ token: first, password: PASSWORD })).toFailWith(422, 'link_invalid');
      expect(await accept({ token: await tokenOf(2), password: PASSWORD })).toMatchObject({ status: 201 });
      expect(await root.api.post(`/api/invitations/${body.id}/resend`)).toFailWith(409, 'conflict');
    });

    it('are held back for a minute', async () => {
      const strict = await app.replica({ THROTTLE: 'on' });
      const { body } = await invite();
      const resend = () => strict.api.as(root.tokens).post(`/api/invitations/${body.id}/resend`);
      for (let i = 0; i < 4; i++) expect(await resend()).toMatchObject({ status: 202 });
      expect(await queuedTo(app, GRACE)).toEqual(['invitation', 'invitation']);
      await strict.close();
    });
  });

  describe('revoked', () => {
    it('open nothing any more', async () => {
      const { body } = await invite();
      const token = await tokenOf();
      for (let i = 0; i < 2; i++)
        expect(await root.api.delete(`/api/invitations/${body.id}`)).toMatchObject({ status: 204 });
      expect(await accept({ token, username: 'grace', password: PASSWORD })).toFailWith(422, 'link_invalid');
      expect(await app.api.post('/api/auth/links/preview', { token })).toFailWith(422, 'link_invalid');
      expect(await get(body.id as string)).toMatchObject({ state: 'revoked' });
      expect(await root.api.post(`/api/invitations/${body.id}/resend`)).toFailWith(409, 'conflict');
      expect(await invite()).toMatchObject({ status: 201 });
    });

    it('go by If-Match: one that has changed meanwhile stays', async () => {
      const { body, headers } = await invite();
      const revoke = (tag: string) =>
        root.api.send('DELETE', `/api/invitations/${body.id}`, undefined, { headers: { 'if-match': tag } });
      const refused = await revoke('"99-stale"');
      expect(refused).toFailWith(412, 'precondition_failed');
      expect(refused.headers.get('etag')).toMatch(/^"1-/);
      expect(await get(body.id as string)).toMatchObject({ state: 'open' });
      expect(await revoke(headers.get('etag') ?? '')).toMatchObject({ status: 204 });
      expect(await revoke(headers.get('etag') ?? '')).toMatchObject({ status: 204 }); // an answer that got lost
    });

    it('can’t be what was accepted', async () => {
      const { body } = await invite({ username: 'grace' });
      await accept({ token: await tokenOf(), password: PASSWORD });
      expect(await root.api.delete(`/api/invitations/${body.id}`)).toFailWith(409, 'conflict');
      expect(await root.api.delete('/api/invitations/0199c2f4-5a10-7c3e-9b7d-2f6c1e0a4b11')).toFailWith(
        404,
        'not_found',
      );
    });
  });

  it('are listed by state and by what is searched for', async () => {
    for (const name of ['grace', 'alan', 'katherine']) await invite({ email: `${name}@example.com` });
    const { body } = await root.api.get('/api/invitations?limit=2');
    expect(body).toMatchObject({
      total: 3,
      items: [{ email: 'katherine@example.com' }, { email: 'alan@example.com' }],
    });
    expect((await root.api.get(`/api/invitations?limit=2&cursor=${body.next_cursor}`)).body.items).toMatchObject([
      { email: GRACE },
    ]);
    await root.api.delete(`/api/invitations/${body.items[0].id}`);
    const emails = async (query: string) => ((await root.api.get(`/api/invitations?${query}`)).body.items as { email: string }[]).map(({ email }) => email); // prettier-ignore
    expect(await emails('state=revoked')).toEqual(['katherine@example.com']);
    expect(await emails('state=open')).toEqual(['alan@example.com', GRACE]);
    expect(await emails('q=GRA')).toEqual([GRACE]);
    expect(await emails('q=%25')).toEqual([]);
  });

  it('say what became of their mail', async () => {
    const { body } = await invite();
    await eventually(async () => (await app.sql(`SELECT id FROM outbox WHERE state = 'sent'`)).length > 0);
    await app.sql(`UPDATE outbox SET state = 'failed', last_error = '550 no such user' WHERE kind = 'invitation'`);
    expect(await get(body.id as string)).toMatchObject({ mail: { state: 'failed', last_error: '550 no such user' } });
  });

  it.each([
    { email: 'no' },
    { expires_in_days: 31 },
    { expires_in_days: 0 },
    { message: 'x'.repeat(501) },
    { role: 'owner' },
    { locale: 'not a language' },
  ])('refuse %j', async (wrong) => {
    expect(await invite(wrong)).toFailWith(422, 'validation_failed');
  });
});

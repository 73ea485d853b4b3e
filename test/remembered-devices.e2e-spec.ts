import { startApp, type TestApp } from './support/app.js';
import { codeOf, firstFactor, letTimePass, type Protected, withTotp } from './support/factors.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';
import { decode } from './support/tokens.js';

describe('a remembered device', () => {
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const somebody = async () => withTotp(app, await person(app, `ada${++made}`));
  const remember = async (ada: Protected, server = app) => {
    await letTimePass(app, ada);
    const mfa_token = await firstFactor(server.api, ada);
    const body = { mfa_token, code: codeOf(ada), remember_device: true };
    return (await server.api.with({ 'user-agent': 'a phone' }).post('/api/auth/mfa/verify', body)).body as {
      access_token: string;
      device_token: string;
    };
  };
  const login = ({ email }: Person, more: object = {}, server = app) =>
    server.api.post('/api/auth/login', { email, password: PASSWORD, ...more });

  it("isn't asked for the second factor, and gets less for it", async () => {
    const ada = await somebody();
    const { device_token } = await remember(ada);
    expect(device_token).toMatch(/^dt_[\w-]{64}$/);
    const { status, body } = await login(ada, { device_token });
    expect(status).toBe(200);
    expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd', 'rba'], acr: 'aal1' });
    expect((await app.api.as(body).get('/api/auth/sessions')).body.items[0]).toMatchObject({
      current: true,
      acr: 'aal1',
      remembered: true,
    });
    const form = { username: ada.email, password: PASSWORD, device_token };
    expect(await app.api.form('/api/auth/token', form)).toMatchObject({ status: 200 });
    const { body: refreshed } = await app.api.post('/api/auth/refresh', {
      refresh_token: body.refresh_token as string,
    });
    expect(decode(refreshed.access_token as string).payload).toMatchObject({ amr: ['pwd', 'rba'], acr: 'aal1' });
  });

  it('is shown to its owner, and to nobody else', async () => {
    const [ada, bob] = [await somebody(), await somebody()];
    await remember(ada);
    const { body } = await ada.api.get('/api/auth/devices');
    expect(body).toEqual({
      items: [
        {
          id: expect.any(String) as string,
          created_at: expect.stringMatching(/Z$/) as string,
          last_used_at: null,
          expires_at: expect.stringMatching(/Z$/) as string,
          ip: '127.0.0.1',
          user_agent: 'a phone',
        },
      ],
    });
    const days = (Date.parse(body.items[0].expires_at as string) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    expect((await ada.api.get('/api/auth/mfa')).body).toMatchObject({ remembered_devices: 1 });
    expect((await bob.api.get('/api/auth/devices')).body).toEqual({ items: [] });
    expect(await bob.api.delete(`/api/auth/devices/${body.items[0].id}`)).toFailWith(404, 'not_found');
  });

  it("replaces no password, and nobody else's factor", async () => {
    const [ada, bob] = [await somebody(), await somebody()];
    const { device_token } = await remember(ada);
    expect(await login(ada, { password: 'wrong horse battery', device_token })).toFailWith(401, 'invalid_credentials');
    expect(await login(bob, { device_token })).toFailWith(403, 'mfa_required');
    for (const none of ['', 'dt_', `dt_${'A'.repeat(64)}`, `${device_token.slice(0, -2)}AA`]) {
      expect(await login(ada, { device_token: none })).toFailWith(403, 'mfa_required');
    }
    expect(await app.api.as(device_token).get('/api/auth/me')).toFailWith(401, 'invalid_token');
  });

  describe('is forgotten', () => {
    const forgets = async (change: (ada: Protected) => Promise<unknown>) => {
      const ada = await somebody();
      const { device_token } = await remember(ada);
      expect(await login(ada, { device_token })).toMatchObject({ status: 200 });
      await change(ada);
      expect(await login(ada, { device_token })).toFailWith(403, 'mfa_required');
    };

    it('with a new password', () =>
      forgets(({ api }) => api.put('/api/auth/password', { current_password: PASSWORD, new_password: PASSWORD })));

    it('with any change of factors', () =>
      forgets(async ({ api }) => {
        const { body: setup } = await api.post('/api/auth/mfa/totp');
        return api.post('/api/auth/mfa/totp/confirm', {
          setup_token: setup.setup_token as string,
          code: codeOf(setup),
        });
      }));

    it('with new recovery codes, and only that', () =>
      forgets(async ({ api }) => {
        await api.post('/api/auth/mfa/recovery-codes');
        expect(await api.get('/api/auth/me')).toMatchObject({ status: 200 });
      }));

    it('with "sign out everywhere"', () => forgets(({ api }) => api.delete('/api/auth/sessions')));

    it('when an admin ends all sessions', async () => {
      const root = await admin(app, `root${++made}`);
      await forgets(({ id }) => root.api.delete(`/api/users/${id}/sessions`));
    });

    it('with a deactivation, for good', async () => {
      const root = await admin(app, `root${++made}`);
      await forgets(async ({ id }) => {
        await root.api.patch(`/api/users/${id}`, { is_active: false });
        await root.api.patch(`/api/users/${id}`, { is_active: true });
      });
    });

    it('when its time is over', () =>
      forgets(({ id }) => app.sql('UPDATE remembered_devices SET expires_at = now() WHERE user_id = $1', [id])));

    it('not with an ordinary sign-out', async () => {
      const ada = await somebody();
      const { device_token, access_token } = await remember(ada);
      await app.api.as(access_token).post('/api/auth/logout');
      expect(await login(ada, { device_token })).toMatchObject({ status: 200 });
    });
  });

  it('takes the sessions along that it let in, when it is forgotten', async () => {
    const ada = await somebody();
    const [phone, tablet] = [await remember(ada), await remember(ada)];
    const { body: onPhone } = await login(ada, { device_token: phone.device_token });
    const { body: onTablet } = await login(ada, { device_token: tablet.device_token });
    const { body } = await ada.api.get('/api/auth/devices');
    const [newest] = body.items as { id: string }[];
    expect(await ada.api.delete(`/api/auth/devices/${newest?.id}`)).toMatchObject({ status: 204 });
    expect(await app.api.as(onTablet).get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(await app.api.as(onPhone).get('/api/auth/me')).toMatchObject({ status: 200 });
    expect(await app.api.as(tablet).get('/api/auth/me')).toMatchObject({ status: 200 }); // the factor itself was shown here
    expect(await ada.api.delete('/api/auth/devices')).toMatchObject({ status: 204 });
    expect(await app.api.as(onPhone).get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(await ada.api.delete('/api/auth/devices')).toMatchObject({ status: 204 });
    expect((await ada.api.get('/api/auth/devices')).body).toEqual({ items: [] });
  });

  it('that signs out everywhere else stays signed in, and is asked the next time', async () => {
    const ada = await somebody();
    const { device_token } = await remember(ada);
    const { body } = await login(ada, { device_token });
    const there = app.api.as(body);
    expect(await there.delete('/api/auth/sessions')).toMatchObject({ status: 204 });
    expect(await there.get('/api/auth/me')).toMatchObject({ status: 200 });
    expect(await ada.api.get('/api/auth/me')).toFailWith(401, 'invalid_token');
    expect(await login(ada, { device_token })).toFailWith(403, 'mfa_required');
    expect((await there.get('/api/auth/devices')).body).toEqual({ items: [] });
  });

  it('is none where MFA_REMEMBER_DAYS is 0, not even one from before', async () => {
    const never = await app.replica({ MFA_REMEMBER_DAYS: '0' });
    try {
      const ada = await somebody();
      const { device_token } = await remember(ada);
      expect(await login(ada, { device_token }, never)).toFailWith(403, 'mfa_required');
      expect(await remember(ada, never)).not.toHaveProperty('device_token');
      expect((await never.api.as(ada.tokens).get('/api/auth/devices')).body).toEqual({ items: [] });
    } finally {
      await never.close();
    }
  });

  it('is on record', async () => {
    const ada = await somebody();
    await remember(ada);
    await ada.api.delete('/api/auth/devices');
    const events = await app.sql<{ action: string }>(`SELECT action FROM audit_events WHERE user_id = $1 AND action LIKE 'device%' ORDER BY at`, [ada.id]); // prettier-ignore
    expect(events.map(({ action }) => action)).toEqual(['device_remembered', 'device_forgotten']);
  });

  it('leaves nothing in the database that stands for it', async () => {
    const ada = await somebody();
    const { device_token } = await remember(ada);
    const rows = await app.sql('SELECT * FROM remembered_devices WHERE user_id = $1', [ada.id]);
    expect(JSON.stringify(rows)).not.toContain(device_token.slice(3, 40));
  });
});

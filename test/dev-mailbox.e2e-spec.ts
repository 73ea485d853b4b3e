import { Mails } from '../src/mail/mails.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { PASSWORD, person } from './support/people.js';
import { sendSample } from './support/mails.js';
import { mailBy, startRelay } from './support/relay.js';
import { exchange } from './support/wire.js';

interface DevMail {
  id: string;
  at: string;
  kind: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  code: string | null;
  link: string | null;
  headers: Record<string, string>;
}

describe('the development mailbox', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const list = async (query = '') => (await app.api.get(`/dev/mail.json${query}`)).body.items as DevMail[];
  const kept = (query: string) => eventually(async () => (await list(query))[0]);
  const send = (kind: 'verify' | 'password_changed', to: string) => sendSample(app.nest.get(Mails), kind, to);

  it('keeps every mail, with its code and its link', async () => {
    const id = await send('verify', 'ada@example.com');
    const mail = await kept('?to=ada@example.com');
    const port = new URL(app.url).port;
    expect(mail).toEqual({
      id,
      at: expect.stringMatching(/Z$/),
      kind: 'verify',
      to: 'ada@example.com',
      subject: expect.stringMatching(/^\d{3} \d{3} is your code for UserHub$/),
      text: expect.stringContaining('Confirm your address'),
      html: expect.stringContaining('<!doctype html>'),
      code: expect.stringMatching(/^\d{6}$/),
      link: expect.stringMatching(new RegExp(`^http://localhost:${port}/verify-email#token=ev_[\\w-]{64}$`)),
      headers: expect.objectContaining({ 'Auto-Submitted': 'auto-generated', 'Message-ID': `<${id}@localhost>` }),
    });
  });

  it('tells the terminal where to read it, and neither code nor token', async () => {
    const id = await send('verify', 'bob@example.com');
    const { code } = await kept('?to=bob@example.com');
    const port = new URL(app.url).port;
    const line = `Mail to bob@example.com: Confirm your address – http://localhost:${port}/dev/mail/${id}`;
    await eventually(() => app.logs.filter(({ msg }) => msg === line).length === 1);
    const logged = JSON.stringify(app.logs);
    expect(logged).not.toMatch(/ev_/);
    expect(logged).not.toContain(code);
    expect(logged).not.toContain(`${code?.slice(0, 3)} ${code?.slice(3)}`);
  });

  it('lists by address, by kind, and no more than asked for', async () => {
    await send('password_changed', 'ada@example.com');
    await kept('?to=ada@example.com&kind=password_changed');
    expect((await list('?to=%20ADA@example.com&kind=')).map(({ kind }) => kind)).toEqual([
      'password_changed',
      'verify',
    ]);
    expect(await list('?limit=1')).toHaveLength(1);
    expect((await app.api.get('/dev/mail.json?limit=201')).status).toBe(422);
  });

  it('shows them as pages', async () => {
    const { id, code, link } = await kept('?kind=verify');
    const index = await app.api.get('/dev/mail');
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.text).toContain(`href="/dev/mail/${id}"`);
    const page = await app.api.get(`/dev/mail/${id}`);
    expect(page.text).toContain(`value="${code}"`);
    expect(page.text).toContain(`value="${link}"`);
    expect(page.text).toContain('sandbox="');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    expect((await app.api.get('/dev/mail/0190a0a0-0000-7000-8000-00000000000b')).status).toBe(404);
  });

  it('keeps the last 200', async () => {
    await app.sql(
      `INSERT INTO dev_mails (id, at, mail) SELECT gen_random_uuid(), now() - interval '1 hour',
       '{"kind":"test","to":"x@example.com","subject":"s","text":"t","html":"h","code":null,"link":null,"headers":{}}'
       FROM generate_series(1, 250)`,
    );
    await send('password_changed', 'last@example.com');
    await kept('?to=last@example.com');
    await eventually(
      async () => (await list()).length === 200 && (await app.sql(`SELECT id FROM dev_mails`)).length === 200,
    );
  });

  it('is emptied', async () => {
    expect((await app.api.delete('/dev/mail')).status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await app.api.get('/dev/mail')).text).toContain('There is no mail yet');
  });

  it.each(['evil.example', 'localhost.evil.example', '10.0.0.1:8000', 'userhub.test'])(
    'is not there for who calls it %s',
    async (host) => {
      const answer = await exchange(
        app.url,
        `GET /dev/mail.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer.status).toBe(404);
    },
  );

  it('is there for 127.0.0.1, localhost and [::1]', async () => {
    for (const host of ['127.0.0.1:8000', 'localhost', '[::1]:9']) {
      const answer = await exchange(
        app.url,
        `GET /dev/mail.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer.status).toBe(200);
    }
  });

  it('is not there for who comes through a proxy from elsewhere', async () => {
    const behind = await app.replica({ TRUST_PROXY: 'loopback' });
    const ask = (address: string) => behind.api.get('/dev/mail', { headers: { 'x-forwarded-for': address } });
    expect((await ask('203.0.113.7')).status).toBe(404);
    expect((await ask('127.0.0.1')).status).toBe(200);
    await behind.close();
  });

  it.each(['/dev/mail', '/dev/mail.json', '/dev/mail/:id'])(
    '%s is not there as soon as a relay is set',
    async (template) => {
      await send('verify', 'ada@example.com');
      const { id } = await kept('?to=ada@example.com');
      const path = template.replace(':id', id);
      expect((await app.api.get(path)).status).toBe(200);
      const relay = await startRelay();
      const sending = await app.replica(mailBy(relay));
      expect((await sending.api.get(path)).status).toBe(404);
      expect((await sending.api.delete('/dev/mail')).status).toBe(404);
      await sending.close();
      await relay.close();
    },
  );

  it('is not there in production, where no mail is sent without a relay', async () => {
    const production = await app.replica({
      NODE_ENV: 'production',
      SHUTDOWN_DELAY_SECONDS: '0',
      MIGRATE_ON_START: 'false',
    });
    expect((await production.api.get('/dev/mail')).status).toBe(404);
    const mails = production.nest.get(Mails);
    expect(mails.isConfigured).toBe(false);
    expect(() => mails.assertConfigured()).toThrow(
      expect.objectContaining({ code: 'mail_not_configured', status: 503 }),
    );
    expect(await mails.send('test', { to: 'nobody@example.com' })).toBeUndefined();
    expect(await app.sql(mails.insert('test', { from: 'users', to: 'email' }))).toEqual([]);
    const parameters = {
      from: 'users',
      to: 'email',
      userId: 'coalesce($1, id)',
      locale: '$2',
      data: '$3::jsonb',
      expiresAt: '$4',
    };
    const statement = mails.insert('test', { ...parameters, where: '$5::boolean' });
    expect(await app.sql(statement, [null, 'en', {}, new Date(), true])).toEqual([]);
    await production.close();
  });
});

describe('a production server without mail', () => {
  it('goes on as before: people register, sign in, change their passwords, and nothing is queued', async () => {
    const app = await startApp({ NODE_ENV: 'production', SHUTDOWN_DELAY_SECONDS: '0', BCRYPT_ROUNDS: '10' });
    const ada = await person(app, 'ada');
    const passwords = { current_password: PASSWORD, new_password: 'another correct horse' };
    expect((await ada.api.put('/api/auth/password', passwords)).status).toBe(204);
    expect((await ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' })).status).toBe(200);
    expect(await app.sql('SELECT id FROM outbox')).toEqual([]);
    await app.close();
  });
});

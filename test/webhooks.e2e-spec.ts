import { Webhook } from 'standardwebhooks';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { expectWithin, timed } from './support/noise.js';
import { admin, PASSWORD, type Person, person } from './support/people.js';
import { type Receiver, startReceiver } from './support/receiver.js';

describe('webhooks', () => {
  let app: TestApp;
  let root: Person;
  let receiver: Receiver;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    for (const { id } of (await root.api.get('/api/webhooks')).body.items) await root.api.delete(`/api/webhooks/${id}`);
    await receiver.close();
  });

  const add = async (more: object = {}) => {
    const { status, body, headers } = await root.api.post('/api/webhooks', {
      url: receiver.url,
      events: ['user.*'],
      ...more,
    });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']); // it holds the secret
    return body as { id: string; secret: string };
  };
  const deliveriesOf = async (id: string, query = '') =>
    (await root.api.get(`/api/webhooks/${id}/deliveries${query}`)).body.items as Record<string, unknown>[];

  describe('what is sent', () => {
    it('is signed as Standard Webhooks says, and tells what happened', async () => {
      const { secret } = await add();
      const ada = await person(app, 'ada');
      const { headers, text, body } = await receiver.next('user.created');
      expect(new Webhook(secret).verify(text, headers)).toEqual(body);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': 'UserHub-Webhooks',
        'webhook-id': expect.stringMatching(/^msg_[0-9a-f-]{36}$/) as string,
      });
      expect(body).toMatchObject({
        type: 'user.created',
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        data: { user: { id: ada.id, email: 'ada@example.com', username: 'ada', role: 'user' }, version: 1 },
      });
      expect(text).not.toMatch(/hash|\$2|203\.0\.113/);
    });

    it('names what changed, in the state after it, and who did it', async () => {
      const bob = await person(app, 'bob');
      await add();
      await bob.api.patch(`/api/users/${bob.id}`, { display_name: 'Bob' });
      const { body } = await receiver.next('user.updated');
      expect(body.data).toMatchObject({
        user: { id: bob.id, display_name: 'Bob' },
        version: 2,
        changed: ['display_name'],
        actor_id: bob.id,
      });
      expect(body.data['user']).toEqual((await root.api.get(`/api/users/${bob.id}`)).body); // as admins see them
      await root.api.patch(`/api/users/${bob.id}`, { role: 'admin' });
      expect((await receiver.next('user.role_changed')).body.data).toMatchObject({
        user: { role: 'admin' },
        changed: ['role'],
        actor_id: root.id,
      });
      expect(receiver.received.filter(({ body: { type } }) => type === 'user.updated')).toHaveLength(1);
    });

    it('is only what was asked for', async () => {
      await add({ events: ['session.created'] });
      const carol = await person(app, 'carol');
      expect((await receiver.next('session.created')).body.data['user'].id).toBe(carol.id);
      expect(receiver.received.map(({ body }) => body.type)).toEqual(['session.created']);
    });

    it('tells the whole life of an account', async () => {
      await add({ events: ['user.*'] });
      const { id, api } = await person(app, 'dora');
      await api.put('/api/auth/password', { current_password: PASSWORD, new_password: 'another horse battery' });
      await root.api.patch(`/api/users/${id}`, { is_active: false });
      await root.api.patch(`/api/users/${id}`, { is_active: true });
      await root.api.delete(`/api/users/${id}`);
      await root.api.post(`/api/users/${id}/restore`);
      await root.api.delete(`/api/users/${id}?purge=true`);
      const { body } = await receiver.next('user.purged');
      expect(body.data).toMatchObject({ user: { id }, actor_id: root.id });
      await eventually(() => {
        const types = new Set(receiver.received.map((one) => one.body.type));
        expect([...types].sort()).toEqual(
          ['activated', 'created', 'deactivated', 'deleted', 'password_changed', 'purged', 'restored'].map(
            (one) => `user.${one}`,
          ),
        );
        return true;
      });
    });
  });

  describe('the secret', () => {
    it('is shown once, and is nowhere at rest', async () => {
      const { id, secret } = await add();
      expect(secret).toMatch(/^whsec_/);
      expect((await root.api.get(`/api/webhooks/${id}`)).body).not.toHaveProperty('secret');
      const rows = await app.sql('SELECT w::text AS row FROM webhooks w');
      expect(JSON.stringify(rows)).not.toContain(secret.slice(6, 30));
    });

    it('is rotated with both signing for a while', async () => {
      const { id, secret: first } = await add();
      const { body } = await root.api.post(`/api/webhooks/${id}/rotate-secret`, {});
      await root.api.post(`/api/webhooks/${id}/test`);
      const { headers, text } = await receiver.next('webhook.test');
      expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
      for (const secret of [first, body.secret as string])
        expect(new Webhook(secret).verify(text, headers)).toBeDefined();
      const { body: third } = await root.api.post(`/api/webhooks/${id}/rotate-secret`, { overlap_hours: 0 });
      await root.api.post(`/api/webhooks/${id}/test`);
      const { headers: later, text: laterText } = await receiver.next('webhook.test', 1);
      expect(later['webhook-signature']?.split(' ')).toHaveLength(1);
      expect(new Webhook(third.secret as string).verify(laterText, later)).toBeDefined();
      expect(() => new Webhook(body.secret as string).verify(laterText, later)).toThrow();
    });
  });

  describe('a receiver', () => {
    it('that fails is tried again, under the same id', async () => {
      const { id } = await add();
      receiver.answer((_request, response) => void response.writeHead(500).end('no'));
      await root.api.post(`/api/webhooks/${id}/test`);
      await receiver.next('webhook.test');
      const [delivery] = await eventually(async () => {
        const found = await deliveriesOf(id);
        expect(found[0]).toMatchObject({ state: 'queued', attempts: 1, last_status: 500 });
        return found;
      });
      const wait = Date.parse(delivery?.['next_attempt_at'] as string) - Date.now();
      expect(wait).toBeLessThan(6500);
      receiver.answer((_request, response) => void response.writeHead(200).end());
      expect((await root.api.post(`/api/webhooks/${id}/deliveries/${delivery?.['id'] as string}/retry`)).status).toBe(
        202,
      );
      await eventually(async () => {
        expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'delivered' });
        return true;
      });
      const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
      expect(ids.size).toBe(1);
    });

    it('that redirects is not followed', async () => {
      const { id } = await add();
      const elsewhere = await startReceiver();
      receiver.answer((_request, response) => void response.writeHead(307, { location: elsewhere.url }).end());
      await root.api.post(`/api/webhooks/${id}/test`);
      await eventually(async () => {
        expect((await deliveriesOf(id))[0]).toMatchObject({ last_status: 307, state: 'queued' });
        return true;
      });
      expect(elsewhere.received).toEqual([]);
      await elsewhere.close();
    });

    it('that is gone is switched off, and switched on again starts anew', async () => {
      const { id } = await add();
      receiver.answer((_request, response) => void response.writeHead(410).end());
      await root.api.post(`/api/webhooks/${id}/test`);
      await eventually(async () => {
        expect((await root.api.get(`/api/webhooks/${id}`)).body).toMatchObject({
          is_active: false,
          disabled_reason: expect.stringContaining('410') as string,
        });
        return true;
      });
      await eventually(async () => {
        expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'dead' });
        return true;
      });
      const { body } = await root.api.get('/api/audit-events?action=webhook_disabled');
      expect(body.items[0].details).toMatchObject({ webhook_id: id });
      receiver.answer((_request, response) => void response.writeHead(204).end());
      expect((await root.api.patch(`/api/webhooks/${id}`, { is_active: true })).body).toMatchObject({
        disabled_reason: null,
      });
      const { body: replayed } = await root.api.post(`/api/webhooks/${id}/replay`, { since: '2026-01-01T00:00:00Z' });
      expect(replayed).toEqual({ count: 1 });
      await eventually(async () => {
        expect((await deliveriesOf(id, '?state=delivered')).length).toBe(1);
        return true;
      });
    });

    it('that hangs keeps nobody else waiting', async () => {
      const slow = await startReceiver();
      slow.answer(() => undefined);
      await add({ url: slow.url });
      await add();
      await person(app, 'frank');
      expectWithin(5_000, await timed(receiver.next('user.created'))); // the one that hangs is given 15 s
      await slow.next('user.created');
      await slow.close();
    });

    it('that floods is read for 4 KiB only', async () => {
      const { id } = await add();
      let written = 0;
      const closed = new Promise<void>((isClosed) => {
        receiver.answer((_request, response) => {
          response.writeHead(200);
          const flood = setInterval(() => {
            response.write('x'.repeat(1_024));
            written += 1_024;
          }, 100); // 15 s of it, which is as long as an answer may take, are 150 KiB
          response.once('close', () => {
            clearInterval(flood);
            isClosed();
          });
        });
      });
      await root.api.post(`/api/webhooks/${id}/test`);
      await eventually(async () => {
        expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'delivered' });
        return true;
      });
      await closed;
      expect(written).toBeGreaterThan(4_096);
      expect(written).toBeLessThan(65_536); // on a busy machine it notices later
    });
  });

  describe('where they may go', () => {
    it.each([
      'ftp://example.com/',
      'http://example.com/',
      'https://user:secret@example.com/',
      'https://example.com/#fragment',
      'https://example.com:25/',
      'https://10.0.0.1/',
      'https://169.254.169.254/latest/meta-data/',
      'https://0xa9fea9fe/',
      'https://2852039166/',
      'https://[fe80::1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://[fd00::1]/',
      'https://192.168.1.1/',
      'not a url',
      `https://example.com/${'x'.repeat(2048)}`,
    ])('is not %s', async (url) => {
      const answer = await root.api.post('/api/webhooks', { url, events: ['*'] });
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors[0]).toMatchObject({ pointer: '/url', code: 'url_not_allowed' });
    });

    it('is to 20 receivers at most', async () => {
      const answers = await Promise.all(
        Array.from({ length: 22 }, () =>
          root.api.post('/api/webhooks', { url: receiver.url, events: ['webhook.test'] }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
      expect(answers.find(({ status }) => status === 409)).toFailWith(409, 'conflict');
    });
  });

  it('change by If-Match, and a change that changes nothing keeps the ETag', async () => {
    const { id } = await add();
    const { headers } = await root.api.get(`/api/webhooks/${id}`);
    const etag = headers.get('etag') ?? '';
    const same = await root.api.patch(`/api/webhooks/${id}`, { events: ['user.*'] });
    expect(same.headers.get('etag')).toBe(etag);
    const changed = await root.api.with({ 'if-match': etag }).patch(`/api/webhooks/${id}`, { description: 'x' });
    expect(changed.status).toBe(200);
    const stale = await root.api.with({ 'if-match': etag }).patch(`/api/webhooks/${id}`, { description: 'y' });
    expect(stale).toFailWith(412, 'precondition_failed');
  });

  it('outlive the replica that committed: another one delivers', async () => {
    await add();
    const other = await app.replica();
    const { status } = await other.api.post('/api/auth/register', {
      email: 'gina@example.com',
      username: 'gina',
      password: PASSWORD,
    });
    expect(status).toBe(201);
    await other.close();
    expect((await receiver.next('user.created')).body.data['user'].username).toBe('gina');
  });
});

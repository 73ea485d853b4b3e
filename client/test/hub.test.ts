import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createUserHub,
  memoryStorage,
  type Tokens,
  type TokenStorage,
  type UserHub,
  UserHubProblem,
} from '@userhub/client';
import { type Server, startServer } from './support/server.ts';
import { gate, noNetwork, problem, Wire } from './support/wire.ts';

const PASSWORD = 'correct horse battery';
const REFRESH = '/api/auth/refresh';

let server: Server;
before(async () => (server = await startServer()));
after(() => server?.stop());

let people = 0;
const newcomer = () => {
  const username = `ada${++people}`;
  return { username, email: `${username}@example.com`, password: PASSWORD };
};

interface Client {
  hub: UserHub;
  wire: Wire;
  storage: TokenStorage;
  tokens: () => Promise<Tokens>;
  /** What the client was told: 'in', or the reason for 'out'. */
  told: string[];
}

function client(storage = memoryStorage()): Client {
  const wire = new Wire();
  const told: string[] = [];
  const hub = createUserHub({
    baseUrl: server.url,
    storage,
    fetch: wire.fetch,
    onSignedIn: () => told.push('in'),
    onSignedOut: (reason) => told.push(`out: ${reason?.code ?? 'asked'}`),
  });
  const tokens = async () => {
    const held = await storage.get();
    assert(held, 'nobody is signed in');
    return held;
  };
  return { hub, wire, storage, tokens, told };
}

/** A client in which a new person is signed in, with nothing sent or told yet. */
async function signedUp(storage?: TokenStorage): Promise<Client & { username: string }> {
  const it = client(storage);
  const user = await it.hub.signUp(newcomer());
  assert(user);
  const { username } = user;
  it.wire.sent.length = it.told.length = 0;
  return { ...it, username };
}

const change = async ({ storage, tokens }: Client, part: Partial<Tokens>) =>
  storage.set({ ...(await tokens()), ...part });

/** The access token expired, by the clock of the server. */
const refuse = (it: Client) => change(it, { access_token: 'expired' });
/** It is about to. */
const age = (it: Client) => change(it, { refresh_at: 0 });
/** It has, by our clock too. */
const expire = (it: Client) => change(it, { access_token: 'expired', refresh_at: 0, expires_at: 0 });

const me = async ({ hub }: Client) => (await hub.api.GET('/api/auth/me')).data.username;

async function failure(call: Promise<unknown>): Promise<UserHubProblem> {
  const reason: unknown = await call.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );
  assert(reason instanceof UserHubProblem, String(reason));
  return reason;
}

describe('signing in and out', () => {
  it('signs up, in and out', async () => {
    const it = client();
    const account = newcomer();
    const user = await it.hub.signUp({ ...account, display_name: 'Ada' });
    assert.equal(user?.display_name, 'Ada');
    assert.equal(await me(it), account.username);
    assert.equal(await it.hub.isSignedIn(), true);

    const { access_token } = await it.tokens();
    await it.hub.signOut();
    assert.equal(await it.hub.isSignedIn(), false);
    assert.equal((await failure(me(it))).code, 'not_authenticated');
    const old = await fetch(`${server.url}/api/auth/me`, { headers: { authorization: `Bearer ${access_token}` } });
    assert.equal(old.status, 401);

    await it.hub.signIn({ email: account.email, password: PASSWORD });
    assert.equal(await me(it), account.username);
    assert.deepEqual(it.told, ['in', 'out: asked', 'in']);
  });

  it('is signed out at once when the server cannot be reached', async () => {
    const it = await signedUp();
    it.wire.on('/logout', noNetwork);
    assert.equal((await failure(it.hub.signOut())).code, 'unreachable');
    assert.equal(await it.hub.isSignedIn(), false);
  });

  it('sends nothing when nobody is signed in', async () => {
    const { hub, wire, told } = client();
    await hub.signOut();
    assert.deepEqual([wire.sent, told], [[], []]);
  });
});

describe('problems', () => {
  it('have a code, a sentence and the id of the request', async () => {
    const { hub } = client();
    const wrong = await failure(hub.signIn({ username: 'nobody', password: PASSWORD }));
    assert.equal(wrong.status, 401);
    assert.equal(wrong.code, 'invalid_credentials');
    assert.match(wrong.message, /\w+ .*\.$/);
    assert.ok(wrong.requestId);
  });

  it('name the members that are wrong', async () => {
    const { hub } = client();
    const invalid = await failure(hub.signUp({ username: 'a', email: 'ada', password: PASSWORD }));
    assert.equal(invalid.code, 'validation_failed');
    assert.deepEqual(invalid.errors.map(({ pointer }) => pointer).sort(), ['/email', '/username']);
  });

  it('say when to try again', async () => {
    const { hub, wire } = await signedUp();
    const { username } = newcomer();
    const guesses = Array.from({ length: 6 }, () => hub.signIn({ username, password: 'a wrong horse battery' }));
    const reasons = await Promise.all(guesses.map(failure));
    const throttled = reasons.find(({ status }) => status === 429);
    assert.equal(throttled?.code, 'too_many_requests');
    assert.ok(throttled.retryAfter && throttled.retryAfter > 0);

    wire.on('/me', () => problem(503, 'unavailable', { 'retry-after': new Date(Date.now() + 5000).toUTCString() }));
    const { retryAfter } = await failure(hub.api.GET('/api/auth/me'));
    assert.ok(retryAfter && retryAfter >= 4 && retryAfter <= 5);
  });

  it('tell answers of something else from those of the server', async () => {
    const { hub, wire } = client();
    wire.on('/health', () => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 })));
    const { status, code } = await failure(hub.api.GET('/health'));
    assert.deepEqual([status, code], [502, 'unexpected_answer']);
    wire.on('/health', () => Promise.resolve(new Response('<h1>Sign in to this hotel</h1>')));
    assert.equal((await failure(hub.api.GET('/health'))).code, 'unexpected_answer');
  });

  it('leave an abort of the caller as it is', async () => {
    const { hub } = await signedUp();
    const reason = new Error('changed my mind');
    await assert.rejects(hub.api.GET('/api/auth/me', { signal: AbortSignal.abort(reason) }), reason);
  });
});

describe('refreshing', () => {
  it('happens before the access token expires', async () => {
    const it = await signedUp();
    const before = await it.tokens();
    assert.ok(before.refresh_at > Date.now() && before.refresh_at < before.expires_at);
    await age(it);
    assert.equal(await me(it), it.username);
    assert.deepEqual(it.wire.sent, [`POST ${REFRESH}`, 'GET /api/auth/me']);
    const now = await it.tokens();
    assert.notEqual(now.refresh_token, before.refresh_token);
    assert.ok(now.refresh_at > Date.now());
    assert.deepEqual(it.told, []);
  });

  it('happens when the access token is refused, and the call is repeated as it was', async () => {
    const it = await signedUp();
    await refuse(it);
    const { data } = await it.hub.api.POST('/api/posts', { body: { content: 'Said only once' } });
    assert.equal(data.content, 'Said only once');
    assert.deepEqual(it.wire.sent, ['POST /api/posts', `POST ${REFRESH}`, 'POST /api/posts']);
  });

  it('happens once for all who wait', async () => {
    const it = await signedUp();
    await refuse(it);
    const names = await Promise.all(Array.from({ length: 20 }, () => me(it)));
    assert.deepEqual(new Set(names), new Set([it.username]));
    assert.equal(it.wire.count(REFRESH), 1);
  });

  it('serves a call that was sent before it and refused after it', async () => {
    const it = await signedUp();
    await refuse(it);
    const late = gate();
    it.wire.on('/sessions', async (request, pass) => {
      const response = await pass(request);
      if (response.status === 401) await late.passed;
      return response;
    });
    const slow = it.hub.api.GET('/api/auth/sessions');
    assert.equal(await me(it), it.username);
    late.open();
    assert.equal((await slow).data.items.length, 1);
    assert.equal(it.wire.count(REFRESH), 1);
  });

  it('gets the same token again when its answer is lost', async () => {
    const it = await signedUp();
    await refuse(it);
    let lost: string | undefined;
    it.wire.on(REFRESH, async (request, pass) => {
      const response = await pass(request);
      if (lost) return response;
      lost = ((await response.json()) as { refresh_token: string }).refresh_token;
      throw new TypeError('terminated');
    });
    assert.equal(await me(it), it.username);
    assert.equal((await it.tokens()).refresh_token, lost);
  });

  it('keeps the tokens when there is no network', async () => {
    const it = await signedUp();
    await expire(it);
    it.wire.on(REFRESH, noNetwork);
    assert.equal((await failure(me(it))).code, 'unreachable');
    assert.equal(await it.hub.isSignedIn(), true);
    assert.deepEqual(it.told, []);
    it.wire.off();
    assert.equal(await me(it), it.username);
  });

  it('keeps the tokens when a proxy answers in place of the server', async () => {
    const it = await signedUp();
    await expire(it);
    it.wire.on(REFRESH, () => Promise.resolve(new Response('Who are you?', { status: 401 })));
    assert.equal((await failure(me(it))).code, 'unexpected_answer');
    assert.equal(await it.hub.isSignedIn(), true);
  });

  it('is no condition for a call while the access token is good', async () => {
    const it = await signedUp();
    await age(it);
    it.wire.on(REFRESH, () => problem(503, 'unavailable'));
    assert.equal(await me(it), it.username);
  });

  it('is not tried again before the time that the server named', async () => {
    const it = await signedUp();
    await expire(it);
    it.wire.on(REFRESH, () => problem(429, 'too_many_requests', { 'retry-after': '1' }));
    const reasons = [await failure(me(it)), await failure(me(it)), await failure(me(it))];
    assert.deepEqual(
      reasons.map(({ code, retryAfter }) => [code, retryAfter]),
      Array(3).fill(['too_many_requests', 1]),
    );
    assert.deepEqual(it.wire.sent, [`POST ${REFRESH}`]);
    it.wire.off();
    await delay(1050); // what Retry-After asked for
    assert.equal(await me(it), it.username);
  });

  it('ends the session when the server refuses it, and asks no more', async () => {
    const it = await signedUp();
    const other = client();
    await other.hub.signIn({ username: it.username, password: PASSWORD });
    await other.hub.api.DELETE('/api/auth/sessions');

    const reasons = await Promise.all([failure(me(it)), failure(me(it)), failure(me(it))]);
    assert.deepEqual(new Set(reasons.map(({ code }) => code)), new Set(['invalid_token']));
    assert.deepEqual(it.told, ['out: invalid_refresh_token']);
    assert.equal(await it.hub.isSignedIn(), false);
    assert.equal(it.wire.count(REFRESH), 1);
    assert.equal(it.wire.sent.length, 4);
  });

  it('ends the session when its token was used long ago', async () => {
    const it = await signedUp();
    const stolen = await it.tokens();
    for (let round = 0; round < 2; round++) {
      await age(it);
      await me(it);
    }
    await it.storage.set({ ...stolen, refresh_at: 0, expires_at: 0 });
    assert.equal((await failure(me(it))).code, 'not_authenticated');
    assert.deepEqual(it.told, ['out: refresh_token_reused']);
  });

  it('is not repeated when the new token is refused as well', async () => {
    const it = await signedUp();
    it.wire.on('/me', () => problem(401, 'invalid_token'));
    assert.equal((await failure(me(it))).code, 'invalid_token');
    assert.deepEqual(it.wire.sent, ['GET /api/auth/me', `POST ${REFRESH}`, 'GET /api/auth/me']);
  });

  it('does not undo a sign-out that happens meanwhile', async () => {
    const it = await signedUp();
    await expire(it);
    const { passed, open } = gate();
    it.wire.on(REFRESH, async (request, pass) => {
      const response = await pass(request);
      await passed;
      return response;
    });
    const call = failure(me(it));
    while (!it.wire.count(REFRESH)) await delay(5);
    await it.hub.signOut();
    open();
    assert.equal((await call).code, 'not_authenticated');
    assert.equal(await it.hub.isSignedIn(), false);
    assert.deepEqual(it.told, ['out: asked']);
  });

  it('does not lend a call to whoever signs in meanwhile', async () => {
    const it = await signedUp();
    const bob = newcomer();
    await client().hub.signUp(bob);
    await refuse(it);
    const { passed, open } = gate();
    it.wire.on('/posts', async (request, pass) => {
      const response = await pass(request);
      await passed;
      return response;
    });
    const post = failure(it.hub.api.POST('/api/posts', { body: { content: 'I am ada' } }));
    while (!it.wire.count('/posts')) await delay(5);
    await it.hub.signIn({ username: bob.username, password: PASSWORD });
    open();
    assert.equal((await post).code, 'invalid_token');
    assert.equal(it.wire.count('/posts'), 1);
    assert.equal(await me(it), bob.username);
  });

  it('works with a storage that takes its time', async () => {
    const memory = memoryStorage();
    const slowly: TokenStorage = {
      get: async () => (await delay(5), memory.get()),
      set: async (tokens) => (await delay(5), memory.set(tokens)),
    };
    const it = await signedUp(slowly);
    await refuse(it);
    await Promise.all([me(it), me(it), me(it)]);
    assert.equal(it.wire.count(REFRESH), 1);
  });
});

describe('pages', () => {
  const fill = async ({ hub }: Client, size: number) => {
    const { data } = await hub.api.GET('/api/auth/me');
    const params = { path: { user_id: data.id } };
    for (let n = 1; n <= size; n++) {
      await hub.api.POST('/api/users/{user_id}/tasks', { params, body: { title: `Task ${n}` } });
    }
    return params;
  };

  it('walk a list from its first entry to its last', async () => {
    const it = await signedUp();
    const { path } = await fill(it, 5);
    it.wire.sent.length = 0;
    const titles: string[] = [];
    const params = { path, query: { limit: 2, q: 'task' } };
    for await (const { title } of it.hub.pages('/api/users/{user_id}/tasks', { params })) titles.push(title);
    assert.deepEqual(titles, ['Task 5', 'Task 4', 'Task 3', 'Task 2', 'Task 1']);
    assert.equal(it.wire.sent.length, 3);
  });

  it('start where they are told to, and fetch no more than is asked for', async () => {
    const it = await signedUp();
    const { path } = await fill(it, 4);
    it.wire.sent.length = 0;
    const params = { path, query: { limit: 1, skip: 1 } };
    const titles: string[] = [];
    for await (const { title } of it.hub.pages('/api/users/{user_id}/tasks', { params })) {
      titles.push(title);
      if (titles.length === 2) break;
    }
    assert.deepEqual(titles, ['Task 3', 'Task 2']);
    assert.equal(it.wire.sent.length, 2);
  });

  it('throw what a page throws', async () => {
    const walk = client().hub.pages('/api/users');
    assert.equal((await failure(walk.next())).code, 'not_authenticated');
  });
});

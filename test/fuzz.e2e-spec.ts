import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { startApp, type TestApp } from './support/app.js';
import { figure } from './support/figures.js';
import { hangUp, send } from './support/fuzz/client.js';
import { insist, timesTurnedAway } from './support/insist.js';
import { judge } from './support/fuzz/judge.js';
import { anyRequest, type FuzzRequest, type Who } from './support/fuzz/requests.js';
import { PASSWORD, person, type Tokens } from './support/people.js';

/** `npm run test:fuzz` sends more; FUZZ_REQUESTS and FUZZ_SEED say how many, and repeat a run. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? (process.env['npm_lifecycle_event'] === 'test:fuzz' ? 100_000 : 5_000)); // prettier-ignore
const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));
const AT_ONCE = 10;

/**
 * Requests made out of openapi.json, as it wants them and bent, ten at a time, as nobody, as ada and as an admin. Whatever
 * is sent: no failure of the server, and no answer that the document doesn't promise.
 */
describe(`${REQUESTS} requests by FUZZ_SEED=${SEED}`, () => {
  let app: TestApp;
  let passwordHash = '';
  let world: Record<string, string> = {};
  const tokens: Record<Who, string | undefined> = { nobody: undefined, ada: undefined, root: undefined };
  const statuses: Record<string, number> = {};

  beforeAll(async () => {
    app = await startApp({ LOG_LEVEL: 'warn', DB_POOL_MAX: '10', TRUST_PROXY: '127.0.0.1', AUDIT_RETENTION_DAYS: '1' });
    const { id } = await person(app, 'somebody');
    const [row] = await app.sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [id]);
    passwordHash = row?.password_hash ?? '';
    await restore();
  });
  afterAll(async () => {
    hangUp();
    await app.close();
  });

  it('get answers that the document promises', async () => {
    const batches = fc.array(anyRequest, { minLength: AT_ONCE, maxLength: AT_ONCE });
    const runs = Math.ceil(REQUESTS / AT_ONCE);
    const start = performance.now();
    await fc.assert(
      fc.asyncProperty(batches, async (requests) => {
        const answers = await Promise.all(requests.map((request) => attempt(request)));
        if (answers.includes(401)) await restore();
      }),
      { seed: SEED, numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: 3_000_000 },
    );
    figure(`fuzz ${SEED}`, {
      requests: REQUESTS,
      seconds: Math.round((performance.now() - start) / 1000),
      ...statuses,
      turnedAway: timesTurnedAway(),
    });
    expect(app.logs.filter(({ event }) => event === 'internal_error')).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    // most requests must get past the doors, or nothing behind them is tried
    expect(statuses['2xx'] ?? 0).toBeGreaterThan(REQUESTS / 10);
  }, 3_600_000);

  async function attempt(request: FuzzRequest): Promise<number> {
    const { who, headers, ...rest } = request;
    const sent = {
      ...rest,
      path: filled(rest.path),
      headers: { ...(tokens[who] && { authorization: `Bearer ${tokens[who]}` }), ...headers },
      body: typeof rest.body === 'string' ? filled(rest.body) : rest.body,
    };
    try {
      const answer = await insist(() => send(app.url, sent));
      const kind = `${Math.floor(answer.status / 100)}xx`;
      statuses[kind] = (statuses[kind] ?? 0) + 1;
      judge({ ...request, path: sent.path }, answer);
      return who === 'nobody' || 'authorization' in headers ? 0 : answer.status;
    } catch (error) {
      const told = JSON.stringify({
        ...sent,
        body: typeof sent.body === 'string' ? sent.body.slice(0, 2_000) : sent.body,
      });
      throw new Error(`${(error as Error).message}\nwhen ${who} sent ${told.slice(0, 4_000)}`, { cause: error });
    }
  }

  const filled = (text: string) =>
    text.replace(/@(?:ada|root|bob|post|task|session|nobody)\b/g, (name) => world[name] ?? name);

  /** Whoever has been deleted, demoted or signed out is back, and there is something of everything. */
  async function restore(): Promise<void> {
    for (const name of ['bob', 'ada', 'root'] as const) {
      const pair = (await signedIn(name, world[`@${name}`])) ?? (await signedIn(name, undefined));
      if (!pair) throw new Error(`${name} can't sign in`);
      if (name !== 'bob') tokens[name] = pair.access_token;
    }
    const [made] = await app.sql<{ post: string; task: string; session: string }>(
      `WITH post AS (INSERT INTO posts (id, author_id, content) VALUES (gen_random_uuid(), $1, 'x') RETURNING id),
         task AS (INSERT INTO tasks (id, user_id, title) VALUES (gen_random_uuid(), $1, 'x') RETURNING id)
       SELECT post.id AS post, task.id AS task, (SELECT id FROM sessions WHERE user_id = $1 LIMIT 1) AS session FROM post, task`,
      [world['@ada']],
    );
    world = { ...world, '@post': made?.post ?? '', '@task': made?.task ?? '', '@session': made?.session ?? '', '@nobody': randomUUID() }; // prettier-ignore
  }

  /** Makes the user what they are, and signs them in; undefined when something that has happened is in the way. */
  async function signedIn(name: 'ada' | 'bob' | 'root', known: string | undefined): Promise<Tokens | undefined> {
    const id = known ?? randomUUID();
    const unique = `${name}-${id.slice(0, 8)}`;
    await app.sql(
      `INSERT INTO users (id, email, username, password_hash, role) VALUES ($1, $2 || '@example.com', $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username,
         password_hash = excluded.password_hash, role = excluded.role, is_active = true, deleted_at = NULL`,
      [id, unique, passwordHash, name === 'root' ? 'admin' : 'user'],
    );
    world[`@${name}`] = id;
    const { status, body } = await insist(() =>
      app.api.post('/api/auth/login', { username: unique, password: PASSWORD }),
    );
    return status === 200 ? (body as Tokens) : undefined;
  }
});

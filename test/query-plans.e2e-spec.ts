import { jest } from '@jest/globals';
import pg from 'pg';
import { uuidV7Of } from '../src/database/uuid-v7.js';
import { startApp, type TestApp } from './support/app.js';
import { admin, person, type Person } from './support/people.js';
import { stopBackground } from './support/statements.js';

/** As many rows as make a scan of the whole table dearer than a look into the right index. */
const ROWS = 20_000;
const RUNS = 6; // from the sixth on, PostgreSQL may settle on a plan that suits every value

/** A request, by whom, and an index that its statements must go through, or several of which one will do. */
type Way = [request: string, index: string, more?: { by?: 'root'; body?: object; fails?: 401 }];

const WAYS: Way[] = [
  ['GET /api/auth/me', 'sessions_pkey'],
  ['GET /api/auth/me', 'users_pkey'],
  ['GET /api/users/{person}', 'users_pkey'],
  ['GET /api/users/email/person-77@example.com', 'users_email_key', { by: 'root' }],
  ['GET /api/users/username/Person-77', 'users_username_idx or users_username_key or users_username_prefix_idx'],
  ['GET /api/users?limit=20', 'users_created_at_idx'],
  ['GET /api/users?limit=20&sort=created_at', 'users_created_at_idx'],
  ['GET /api/users?limit=20&cursor={cursor}', 'users_created_at_idx'],
  ['GET /api/users?limit=20&sort=username', 'users_username_idx'],
  ['GET /api/users?limit=20&sort=-username', 'users_username_idx'],
  ['GET /api/users?limit=20&sort=email', 'users_email_idx', { by: 'root' }],
  ['GET /api/users?limit=20&sort=-id', 'users_pkey'],
  ['GET /api/users?limit=20&sort=-updated_at', 'users_updated_at_idx', { by: 'root' }],
  ['GET /api/users?limit=20&sort=-last_login_at', 'users_last_login_at_idx', { by: 'root' }],
  ['GET /api/users?limit=20&q=lovelace-77', 'users_names_email_search_idx'],
  ['GET /api/users?limit=20&q=person-1977@', 'users_names_email_search_idx', { by: 'root' }],
  ['GET /api/users?limit=20&q=zz', 'users_display_name_prefix_idx'],
  ['GET /api/users?limit=20&q={person}', 'users_pkey'],
  ['GET /api/posts?limit=20', 'posts_created_at_idx'],
  ['GET /api/posts?limit=20&q=zz', 'posts_title_prefix_idx'],
  ['GET /api/posts?limit=20&author_id={person}', 'posts_author_id_idx'],
  ['GET /api/posts?limit=20&q=number 77 of', 'posts_search_idx'],
  ['GET /api/posts/{post}', 'posts_pkey'],
  ['GET /api/posts/{post}/likes?limit=20', 'likes_created_at_idx'],
  ['GET /api/users/{ada}/tasks?limit=20', 'tasks_user_id_idx'],
  ['GET /api/users/{ada}/tasks/{task}', 'tasks_pkey'],
  ['GET /api/audit-events?limit=20', 'audit_events_at_idx', { by: 'root' }],
  ['GET /api/audit-events?limit=20&user_id={person}', 'audit_events_user_id_idx', { by: 'root' }],
  ['GET /api/audit-events?limit=20&action=password_changed', 'audit_events_action_idx', { by: 'root' }],
  ['GET /api/audit-events?limit=20&ip=203.0.113.7', 'audit_events_ip_idx', { by: 'root' }],
  [
    'GET /api/audit-events?limit=20&actor_id={person}',
    'audit_events_user_id_idx or audit_events_actor_id_idx',
    { by: 'root' },
  ],
  ['GET /api/auth/events?limit=20', 'audit_events_user_id_idx'],
  ['GET /api/auth/sessions', 'sessions_user_id_idx'],
  ['POST /api/auth/refresh', 'sessions_pkey', { body: { refresh_token: '{refresh}' } }],
  [
    'POST /api/auth/login',
    'users_email_key',
    { body: { username: 'ada@example.com', password: 'not horse battery' }, fails: 401 },
  ],
  [
    'POST /api/auth/login',
    'throttle_counters_pkey',
    { body: { username: 'ada', password: 'not horse battery' }, fails: 401 },
  ],
  ['GET /api/users/{person}/throttle', 'throttle_counters_pkey', { by: 'root' }],
  ['DELETE /api/users/{person}/throttle', 'throttle_counters_pkey', { by: 'root' }],
  ['PATCH /api/users/{ada}', 'users_pkey', { body: { display_name: 'Ada' } }],
];

interface Query {
  name?: string;
  text: string;
  values: unknown[];
}

/** The part of PostgreSQL's JSON that says where rows come from. */
interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Plan[];
}

describe(`the way to the rows, with ${ROWS} of everything`, () => {
  const queries: Query[] = [];
  let app: TestApp;
  let db: pg.Client;
  let ada: Person, root: Person;
  let places: Record<string, string>;
  let empty: Set<string>; // months in which nothing has happened
  let wholes: Map<string, string>; // of an index of a partition, that of the whole

  beforeAll(async () => {
    listen(queries);
    app = await startApp({ THROTTLE: 'on' });
    await stopBackground(app);
    [ada, root] = await Promise.all([person(app, 'ada'), admin(app)]);
    places = { ada: ada.id, refresh: ada.tokens.refresh_token, ...(await plant(app, ada)) };
    const { body } = await ada.api.get(`/api/users?limit=20&skip=${ROWS / 2}`);
    places['cursor'] = body.next_cursor;
    const parts = await app.sql<{ part: string; whole: string }>(
      `SELECT inhrelid::regclass::text AS part, inhparent::regclass::text AS whole FROM pg_inherits`,
    );
    const bare = `SELECT relname AS name FROM pg_class WHERE relispartition AND pg_relation_size(oid) = 0`;
    empty = new Set((await app.sql<{ name: string }>(bare)).map(({ name }) => name));
    wholes = new Map(parts.map(({ part, whole }) => [part, whole]));
    db = new pg.Client(app.database.url);
    await db.connect();
  }, 120_000);
  afterAll(async () => {
    jest.restoreAllMocks();
    await db.end();
    await app.close();
  });

  it.each(WAYS)('%s goes through %s', async (...way) => {
    const plans: Plan[] = [];
    for (const query of await queriesOf(way)) plans.push(await planOf(query));
    const indexes = plans.flatMap(indexesIn).map((index) => wholes.get(index) ?? index);
    expect(indexes.filter((index) => way[1].split(' or ').includes(index))).not.toEqual([]);
    expect(plans.flatMap(tablesReadWhole).filter((table) => !empty.has(table ?? ''))).toEqual([]);
  });

  /** The statements of a request; not those that count, which have to look at every row, nor those that only insert. */
  async function queriesOf([request, , { by, body, fails } = {}]: Way): Promise<Query[]> {
    const before = queries.length;
    const [method = '', ...path] = fill(request).split(' ');
    const api = by === 'root' ? root.api : ada.api;
    const given = body && (JSON.parse(fill(JSON.stringify(body))) as object);
    const { status } = await api.send(method, encodeURI(path.join(' ')), given);
    if (fails) expect(status).toBe(fails);
    else expect(status).toBeLessThan(300);
    return queries.slice(before).filter(({ text }) => !/count\(\*\)|^\s*INSERT/.test(text));
  }

  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);

  async function planOf(query: Query): Promise<Plan> {
    return query.name
      ? settledPlan(query as Required<Query>)
      : plan(`EXPLAIN (FORMAT JSON) ${query.text}`, query.values);
  }

  /** What PostgreSQL does with a named statement once it has seen it often enough. */
  async function settledPlan({ name, text, values }: Required<Query>): Promise<Plan> {
    const literals = values.map((value) => (value == null ? 'NULL' : pg.escapeLiteral(literal(value))));
    await db.query('BEGIN');
    for (let run = 0; run < RUNS; run++) await db.query({ name, text, values });
    const settled = await plan(
      `EXPLAIN (FORMAT JSON) EXECUTE "${name}" ${literals.length ? `(${literals.join()})` : ''}`,
    );
    await db.query('ROLLBACK');
    return settled;
  }

  async function plan(text: string, values?: unknown[]): Promise<Plan> {
    const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(text, values);
    return (rows[0] as (typeof rows)[0])['QUERY PLAN'][0].Plan;
  }
});

/** Notes every statement that the application sends, with its values: the log holds none. */
function listen(queries: Query[]): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the client below
  const send: (...args: unknown[]) => unknown = pg.Client.prototype.query;
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [query, values] = args as [Query | string, unknown[] | undefined];
    queries.push(typeof query === 'string' ? { text: query, values: values ?? [] } : query);
    return send.apply(this, args);
  });
}

/** Plants rows of everything, and returns some of their ids. */
async function plant({ sql }: TestApp, ada: Person): Promise<Record<string, string>> {
  const counted = `generate_series(1, ${ROWS}) n`;
  const somebody = `(SELECT id, row_number() OVER () AS k FROM users) u ON k = 1 + n % 2000`;
  await sql(`INSERT INTO users (id, email, username, display_name, password_hash, created_at)
    SELECT gen_random_uuid(), 'person-' || n || '@example.com', 'person-' || n, 'Ada Lovelace-' || n, '',
      now() - n * interval '1 minute' FROM ${counted}`);
  await sql(`INSERT INTO sessions (id, user_id, generation, expires_at)
    SELECT gen_random_uuid(), id, 0, now() + interval '1 day' FROM users`); // one each: no index looks worse than another
  await sql(`INSERT INTO posts (id, author_id, content, created_at)
    SELECT gen_random_uuid(), u.id, 'Post number ' || n || ' of many', now() - n * interval '1 minute'
    FROM ${counted} JOIN ${somebody}`);
  await sql(`INSERT INTO tasks (id, user_id, title, created_at)
    SELECT gen_random_uuid(), u.id, 'Task ' || n, now() - n * interval '1 minute' FROM ${counted} JOIN ${somebody}`);
  await sql(`INSERT INTO audit_events (id, action, outcome, user_id, at)
    SELECT ${uuidV7Of(`(now() - n * interval '1 minute')`)}, CASE n % 1000 WHEN 0 THEN 'password_changed' ELSE 'login' END, 'success', u.id,
      now() - n * interval '1 minute' FROM ${counted} JOIN ${somebody}`);
  await sql(`INSERT INTO throttle_counters (key, hits, resets_at)
    SELECT 'guess|' || md5(n::text), 1, now() + interval '1 hour' FROM ${counted}`);
  const [post] = await sql<{ id: string }>(`SELECT id FROM posts WHERE content LIKE 'Post number 77 %'`);
  await sql(`INSERT INTO likes (post_id, user_id) SELECT id, author_id FROM posts`);
  await sql(`INSERT INTO likes (post_id, user_id) SELECT $1, id FROM users LIMIT 200 ON CONFLICT DO NOTHING`, [post?.id]); // prettier-ignore
  await sql(`INSERT INTO tasks (id, user_id, title) SELECT gen_random_uuid(), $1, 'Mine ' || n FROM generate_series(1, 40) n`, [ada.id]); // prettier-ignore
  const [person] = await sql<{ id: string }>(`SELECT id FROM users WHERE username = 'person-77'`);
  const [task] = await sql<{ id: string }>(`SELECT id FROM tasks WHERE user_id = $1 LIMIT 1`, [ada.id]);
  await sql('VACUUM (ANALYZE) users, sessions, posts, likes, tasks, audit_events, throttle_counters');
  return { post: post?.id ?? '', person: person?.id ?? '', task: task?.id ?? '' };
}

const inside = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(inside)];

const indexesIn = (plan: Plan) => inside(plan).flatMap((node) => node['Index Name'] ?? []);

const tablesReadWhole = (plan: Plan) =>
  inside(plan).flatMap((node) => (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : []));

const literal = (value: unknown) =>
  value instanceof Date
    ? value.toISOString()
    : Array.isArray(value)
      ? `{${value.map((one) => one ?? 'NULL').join()}}`
      : String(value);

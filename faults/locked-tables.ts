/** Each table of the database locked for a while: those who need it are told so in time, and nobody else notices. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, Replica } from './replica.js';
import { type Row, row } from './rows.js';
import type { Fault, World } from './world.js';

/** Something that people do all the time. */
interface Story {
  name: string;
  /** The tables that it may need, besides those of every signed-in request. */
  needs: string[];
  /** How many do it at the same time; three unless told. */
  parallel?: number;
  /** Whether somebody does it who isn't signed in. */
  isPublic?: boolean;
  tell: (at: Replica, n: number) => Promise<Answer>;
}

interface Sample {
  story: Story;
  status: number;
  ms: number;
  retryAfter: string | undefined;
}

const GUARD = ['users', 'sessions'];
const ACCOUNT = ['mail_challenges']; // for the address that somebody is about to change to
const RECORD = ['audit_events', 'webhooks', 'webhook_events', 'outbox']; // what is recorded may be told to others
const QUICK = ['audit_events', 'throttle_counters', 'outbox', 'sessions', 'webhooks'];
const IN_PARALLEL = 3;
const THINK = 40;
const LONGEST = 3_000;
const UNNOTICED = 500;
const SOME = 20;
const PASSWORD = 'a long enough password';

export const lockedTables: Fault[] = [{ name: 'each table locked', isQuick: true, run: locked }];

async function locked(world: World): Promise<Row> {
  const { folder, url, isShort } = world;
  const limits = Object.fromEntries(
    ['WRONG_PASSWORDS', 'WRONG_PASSWORDS_PER_NETWORK', 'WRONG_PASSWORDS_PER_ACCOUNT'].map((name) => [`THROTTLE_${name}`, '100000/15m']), // prettier-ignore
  );
  const env = { DATABASE_URL: url, THROTTLE: 'on', ...limits };
  const replicas = [await Replica.start('locked-a', env, folder), await Replica.start('locked-b', env, folder)];
  await Promise.all(replicas.map((replica) => replica.ready()));
  const stories = await storiesOf(world, replicas[0] as Replica);
  const tables = await tablesOf(world);
  const noise = slowest(await during(replicas, stories, () => delay(3_000)));
  const claims: [string, boolean][] = [];
  let longest = 0;
  for (const table of isShort ? tables.filter(({ name }) => QUICK.includes(name)) : tables) {
    const samples = await during(replicas, stories, () => holding(world, table.name, isShort ? 3_000 : 10_000));
    claims.push(...judge(table, samples, noise));
    longest = Math.max(longest, ...samples.map(({ ms }) => ms));
  }
  for (const replica of replicas) replica.signal('SIGTERM');
  await Promise.all(replicas.map((replica) => replica.ended()));
  const seconds = isShort ? 3 : 10;
  return row(
    `each table locked for ${seconds} s`,
    `${stories.length} stories, the slowest answer before ${Math.round(Math.max(...noise.values()))} ms`,
    claims,
    longest,
  );
}

/** What must hold while a table is locked. @param noise what the slowest answers took with nothing locked */
function judge({ name, root }: Table, samples: Sample[], noise: Map<string, number>): [string, boolean][] {
  const needs = ({ story }: Sample) => [...story.needs, ...(story.isPublic ? [] : GUARD)].includes(root);
  const usual = ({ story }: Sample) => noise.get(story.name) ?? 0;
  const bothered = new Set(samples.filter((one) => !needs(one) && (one.status >= 300 || one.status === 0 || one.ms > UNNOTICED + 2 * usual(one))).map(({ story, status, ms }) => `${story.name} ${status} ${Math.round(ms)} ms`)); // prettier-ignore
  const wrong = samples.filter((one) => needs(one) && (one.ms > LONGEST + usual(one) || (one.status >= 300 && !(one.status === 503 && one.retryAfter)))).map(({ story, status, ms }) => `${story.name} ${status} ${Math.round(ms)} ms`); // prettier-ignore
  return [
    [`${name}: nobody else notices (${[...bothered].slice(0, 5).join(', ')})`, bothered.size === 0],
    [
      `${name}: those who need it succeed, or get 503 within 3 s (${[...new Set(wrong)].slice(0, 5).join(', ')})`,
      wrong.length === 0,
    ],
  ];
}

/** The milliseconds of the slowest answer in each story. */
function slowest(samples: Sample[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { story, ms } of samples) found.set(story.name, Math.max(ms, found.get(story.name) ?? 0));
  return found;
}

/** Lets people tell their stories while something happens. Returns what was begun meanwhile. */
async function during(replicas: Replica[], stories: Story[], event: () => Promise<unknown>): Promise<Sample[]> {
  const samples: Sample[] = [];
  let isOver = false;
  let n = 0;
  const work = async (story: Story) => {
    while (!isOver) {
      const { status, ms, retryAfter } = await story.tell(replicas[n % replicas.length] as Replica, n++);
      samples.push({ story, status, ms, retryAfter });
      await delay(THINK);
    }
  };
  const workers = stories.flatMap((story) => Array.from({ length: story.parallel ?? IN_PARALLEL }, () => work(story)));
  await delay(300);
  samples.length = 0;
  await event();
  isOver = true;
  await Promise.all(workers);
  return samples;
}

async function storiesOf({ people }: World, at: Replica): Promise<Story[]> {
  const [ada, bob, carol] = people.slice(-3);
  if (!ada || !bob || !carol) throw new Error('There are not enough people');
  // anew: a fault before this one may have cost somebody the session
  for (const who of [ada, bob, carol]) {
    const body = { username: `person${people.indexOf(who)}`, password: PASSWORD };
    const { body: tokens } = await at.call('POST', '/api/auth/login', { body });
    Object.assign(who, { access: tokens['access_token'], refresh: tokens['refresh_token'] });
  }
  const token = ada.access;
  const some = (n: number) => people[n % SOME] as (typeof people)[number]; // or they would wait for each other's row
  const { body: post } = await at.call('POST', '/api/posts', { token, body: { content: 'to be liked' } });
  const get = (path: string) => (server: Replica) => server.call('GET', path, { token });
  return [
    { name: 'me', needs: ACCOUNT, tell: get('/api/auth/me') },
    { name: 'user', needs: [], tell: get(`/api/users/${bob.id}`) },
    { name: 'users', needs: [], tell: get('/api/users?limit=5&sort=created_at') },
    { name: 'own events', needs: ['audit_events'], tell: get('/api/auth/events?limit=5') },
    { name: 'posts', needs: ['posts', 'likes'], tell: get('/api/posts?limit=5') },
    {
      name: 'post',
      needs: ['posts', 'likes'],
      tell: (server, n) => server.call('POST', '/api/posts', { token, body: { content: `post ${n}` } }),
    },
    {
      name: 'like',
      needs: ['posts', 'likes'],
      tell: (server) => server.call('PUT', `/api/posts/${String(post['id'])}/like`, { token: bob.access }),
    },
    {
      name: 'task',
      needs: ['tasks'],
      tell: (server, n) => server.call('POST', `/api/users/${ada.id}/tasks`, { token, body: { title: `task ${n}` } }),
    },
    {
      name: 'rename',
      needs: [...RECORD, ...ACCOUNT],
      tell: (server, n) => {
        const { id, access } = some(n);
        return server.call('PATCH', `/api/users/${id}`, { token: access, body: { display_name: `Somebody ${n}` } });
      },
    },
    {
      name: 'refresh',
      parallel: 1,
      needs: [],
      tell: async (server) => {
        const answer = await server.call('POST', '/api/auth/refresh', { body: { refresh_token: carol.refresh } });
        if (answer.status === 200) carol.refresh = answer.body['refresh_token'] as string;
        return answer;
      },
    },
    {
      name: 'sign-in',
      isPublic: true,
      needs: [...GUARD, ...RECORD, 'throttle_counters', 'known_devices', 'remembered_devices', 'totp_factors', 'passkeys', 'recovery_codes'], // prettier-ignore
      tell: (server, n) =>
        server.call('POST', '/api/auth/login', { body: { username: `person${n % SOME}`, password: PASSWORD } }),
    },
    { name: 'health', isPublic: true, needs: [], tell: (server) => server.call('GET', '/health') },
  ];
}

/** A table, and the one that it is a partition of, or else itself. */
interface Table {
  name: string;
  root: string;
}

async function tablesOf({ postgres, database }: World): Promise<Table[]> {
  return postgres.sql<Table>(
    `SELECT relname AS name, coalesce(pg_partition_root(oid)::text, relname) AS root
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
    [],
    database,
  );
}

async function holding({ postgres, database }: World, table: string, milliseconds: number): Promise<void> {
  const client = await postgres.connect(database);
  await client.query('BEGIN');
  await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  await delay(milliseconds);
  await client.query('COMMIT');
  await client.end();
}

/** What is asked of the servers, and what a right answer is. */
import { measureMails, measureWebhooks } from './deliveries.js';
import type { Exchange, Sample, Span, Traffic } from './load.js';
import { measureSecondFactor } from './second-factor.js';
import { PASSWORD, type Somebody } from './seed.js';
import type { Server } from './servers.js';
import { type Actor, CONNECTIONS, type CursorPage, loginOf, PAGE, type PageBody, parsePage, signIn, someOthers, type World } from './world.js'; // prettier-ignore

/** One line of the table. */
export interface Scenario {
  /** What `--only` calls it. */
  name: string;
  /** What the table calls it; `{depth}` stands for how far down the list is. */
  title: string;
  traffic?(world: World, server: Server): Traffic | Promise<Traffic>;
  /** What is no traffic of single requests measures itself. */
  measure?(server: Server, world: World, span: Span): Promise<Sample>;
  /** What it is compared with: the same on the ceiling, or something else that bounds it. */
  against?: 'ceiling' | 'update' | 'bcrypt';
  /** So many logins are kept going meanwhile. */
  logins?: number;
  /** Whether there are only a few of them a second. */
  isSlow?: true;
}

const COUNTED = 10_000; // totals go no further
const LOGIN_CONNECTIONS = 4; // always one in line, and never so many that some are turned away

type Json = Record<string, unknown>;

const parse = (body: string) => JSON.parse(body) as Json;
const isFull = ({ items }: PageBody) => items.length === PAGE;
const actorAt = ({ actors }: World, connection: number) => actors[connection % actors.length] as Actor;

/** Every actor sends one and the same request of their own, over and over. */
function asActor(
  world: World,
  exchange: (actor: Actor, connection: number) => Exchange,
  check: (body: Json, actor: Actor) => boolean,
  status = 200,
): Traffic {
  return {
    connections: CONNECTIONS,
    status,
    requests: (connection) => {
      const actor = actorAt(world, connection);
      return [{ token: actor.token, ...exchange(actor, connection) }];
    },
    check: (body, _request, connection) => check(parse(body), actorAt(world, connection)),
  };
}

/** Every actor searches for what `texts` names of others. */
const searches = (world: World, texts: (other: Somebody) => string[]): Traffic =>
  pages(
    world,
    (_, connection) =>
      someOthers(world, connection, 20)
        .flatMap(texts)
        .map((q) => `/api/users?q=${encodeURIComponent(q)}&limit=${PAGE}`),
    ({ items }, path) => items.length > 0 && items.every(isFoundBy(new URL(path, 'http://x').searchParams.get('q') ?? '')), // prettier-ignore
  );

/** A rare text, a seldom one, two frequent ones, and two that begin or end in the middle of a word. */
const namesOf = ({ username, display_name }: Somebody): string[] => {
  const [first = '', last = ''] = display_name.split(' ');
  return [username, display_name, first, last, display_name.slice(1), username.slice(0, -1)];
};

/** Every actor asks for pages. */
function pages(
  world: World,
  paths: (actor: Actor, connection: number) => string[],
  check: (page: PageBody, path: string) => boolean,
): Traffic {
  return {
    connections: CONNECTIONS,
    status: 200,
    requests: (connection) => {
      const actor = actorAt(world, connection);
      return paths(actor, connection).map((path) => ({ method: 'GET', path, token: actor.token }));
    },
    check: (body, { path }) => check(parsePage(body), path),
  };
}

const byCursor = (world: World, { cursor, ids }: CursorPage) =>
  pages(
    world,
    () => [`/api/users?limit=${PAGE}&cursor=${cursor}`],
    ({ items, total }) => total === null && items.map(({ id }) => id).join() === ids.join(),
  );

const isFoundBy = (q: string) => (user: Json) =>
  [user['username'], user['display_name']].some((text) => String(text).toLowerCase().includes(q.toLowerCase()));

const NAMES = ['Ada', 'Ada L.', 'Ada Lovelace', 'Augusta Ada King', 'The Countess of Lovelace'];
const POST = { title: 'Notes on the engine', content: 'It weaves algebraic patterns just as the loom weaves flowers.' };
let newcomers = 0;

/** All that is measured, in the order of the table. */
export const SCENARIOS: Scenario[] = [
  {
    name: 'health',
    title: 'health',
    against: 'ceiling',
    traffic: () => ({
      connections: CONNECTIONS,
      status: 200,
      requests: () => [{ method: 'GET', path: '/health/live' }],
      check: (body) => parse(body)['status'] === 'ok',
    }),
  },
  {
    name: 'me',
    title: 'me',
    against: 'ceiling',
    traffic: me,
  },
  {
    name: 'me-by-token',
    title: 'me, by a personal access token',
    traffic: (world) => ({
      ...me(world),
      requests: (connection) => [
        { method: 'GET', path: '/api/auth/me', token: actorAt(world, connection).accessToken },
      ],
    }),
  },
  {
    name: 'by-id',
    title: 'user by id',
    against: 'ceiling',
    traffic: (world) => ({
      connections: CONNECTIONS,
      status: 200,
      requests: (connection) =>
        someOthers(world, connection, 100).map(({ id }) => ({
          method: 'GET',
          path: `/api/users/${id}`,
          token: actorAt(world, connection).token,
        })),
      check: (body, { path }) => path.endsWith(parse(body)['id'] as string),
    }),
  },
  {
    name: 'by-email',
    title: 'user by e-mail address',
    against: 'ceiling',
    traffic: (world) => ({
      connections: CONNECTIONS,
      status: 200,
      requests: (connection) =>
        someOthers(world, connection, 100).map(({ email }) => ({
          method: 'GET',
          path: `/api/users/email/${email}`,
          token: world.admin.token,
        })),
      check: (body, { path }) => path.endsWith(parse(body)['email'] as string),
    }),
  },
  {
    name: 'list',
    title: 'list of 20, by skip, with total',
    against: 'ceiling',
    traffic: (world) =>
      pages(
        world,
        () => Array.from({ length: 10 }, (_, i) => `/api/users?skip=${i * PAGE}&limit=${PAGE}`),
        (page) => isFull(page) && (page.total ?? 0) >= Math.min(world.users, COUNTED),
      ),
  },
  {
    name: 'list-console',
    title: 'list of 50 in the console, with total',
    traffic: (world) => ({
      ...pages(
        world,
        () => ['', '&sort=username', '&is_active=true'].map((rest) => `/api/users?limit=50${rest}`),
        ({ items, total }) => items.length === 50 && (total ?? 0) > 50 && 'email' in (items[0] ?? {}),
      ),
      requests: () =>
        ['', '&sort=username', '&is_active=true'].map((rest) => ({
          method: 'GET',
          path: `/api/users?limit=50${rest}`,
          token: world.admin.token,
        })),
    }),
  },
  { name: 'cursor', title: 'list of 20, by cursor, at the start', traffic: (world) => byCursor(world, world.shallow) },
  {
    name: 'cursor-deep',
    title: 'list of 20, by cursor, {depth} deep',
    traffic: (world) => byCursor(world, world.deep),
  },
  {
    name: 'search',
    title: 'search for a full name',
    against: 'ceiling',
    traffic: (world) => searches(world, ({ display_name }) => [display_name]),
  },
  {
    name: 'search-alone',
    title: 'search for names and parts of them, one at a time',
    traffic: (world) => ({ ...searches(world, namesOf), connections: 1 }),
  },
  { name: 'refresh', title: 'refresh, rotating', against: 'update', traffic: refresh },
  {
    name: 'update',
    title: 'update one’s display name',
    against: 'ceiling',
    traffic: (world) => ({
      connections: CONNECTIONS,
      status: 200,
      requests: (connection) => {
        const { id, token } = actorAt(world, connection);
        return NAMES.map((display_name) => ({
          method: 'PATCH',
          path: `/api/users/${id}`,
          token,
          body: { display_name },
        }));
      },
      check: (body, request) => parse(body)['display_name'] === (request.body as Json)['display_name'],
    }),
  },
  {
    name: 'create-post',
    title: 'create a post',
    traffic: (world) =>
      asActor(
        world,
        () => ({ method: 'POST', path: '/api/posts', body: POST }),
        ({ content, author }, { id }) => content === POST.content && (author as Json)['id'] === id,
        201,
      ),
  },
  {
    name: 'list-posts',
    title: 'list of 20 posts with total',
    traffic: (world) =>
      pages(
        world,
        () => [`/api/posts?limit=${PAGE}`],
        (page) => isFull(page) && (page.total ?? 0) > PAGE,
      ),
  },
  {
    name: 'like',
    title: 'like, unlike',
    traffic: (world) => ({
      connections: CONNECTIONS,
      status: 204,
      requests: (connection) => {
        const path = `/api/posts/${world.posts[connection % world.posts.length]}/like`;
        const { token } = actorAt(world, connection);
        return [
          { method: 'PUT', path, token },
          { method: 'DELETE', path, token },
        ];
      },
      check: (body) => body === '',
    }),
  },
  {
    name: 'list-tasks',
    title: 'list of 20 tasks with total',
    traffic: (world) =>
      pages(
        world,
        ({ id }) => [`/api/users/${id}/tasks?limit=${PAGE}`],
        (page) => isFull(page) && (page.total ?? 0) > PAGE,
      ),
  },
  {
    name: 'login',
    title: 'login',
    against: 'bcrypt',
    isSlow: true,
    traffic: ({ actors }) => ({
      connections: LOGIN_CONNECTIONS,
      status: 200,
      requests: (connection) => [loginOf(actors[connection] as Somebody)],
      check: (body) => typeof parse(body)['access_token'] === 'string',
    }),
  },
  {
    name: 'register',
    title: 'register',
    against: 'bcrypt',
    isSlow: true,
    traffic: () => ({
      connections: LOGIN_CONNECTIONS,
      status: 201,
      requests: () => Array.from({ length: 500 }, newcomer),
      check: (body, request) => parse(body)['username'] === (request.body as Json)['username'],
    }),
  },
  {
    name: 'totp',
    title: 'sign-in with password and TOTP',
    against: 'bcrypt',
    isSlow: true,
    measure: measureSecondFactor,
  },
  { name: 'mails', title: 'mails through a relay', measure: measureMails },
  { name: 'webhooks', title: 'webhooks, each event to 5', measure: measureWebhooks },
  { name: 'storm', title: 'me, while 16 logins run', against: 'ceiling', logins: 16, isSlow: true, traffic: me },
];

function me(world: World): Traffic {
  return asActor(
    world,
    () => ({ method: 'GET', path: '/api/auth/me' }),
    ({ id, email }, actor) => id === actor.id && email === actor.email,
  );
}

/** Each connection has a session of its own, made afresh: where the last round broke off, an answer was lost. */
async function refresh(world: World, server: Server): Promise<Traffic> {
  const tokens: string[] = [];
  for (const actor of world.actors.slice(0, CONNECTIONS)) {
    tokens.push((await signIn(server, actor)).refresh_token);
  }
  const exchange = (refresh_token: unknown): Exchange => ({ method: 'POST', path: '/api/auth/refresh', body: { refresh_token } }); // prettier-ignore
  return {
    connections: CONNECTIONS,
    status: 200,
    requests: (connection) => [exchange(tokens[connection])],
    check: (body, request) => {
      const { access_token, refresh_token } = parse(body);
      return typeof access_token === 'string' && refresh_token !== (request.body as Json)['refresh_token'];
    },
    follow: (body) => exchange(parse(body)['refresh_token']),
  };
}

function newcomer(): Exchange {
  const username = `newcomer-${Date.now().toString(36)}-${newcomers++}`;
  return {
    method: 'POST',
    path: '/api/auth/register',
    body: { email: `${username}@example.com`, username, password: PASSWORD },
  };
}

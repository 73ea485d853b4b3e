/** Whom the requests are about, and where they go: found out once, through the API. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Receivers } from './deliveries.js';
import type { Exchange } from './load.js';
import { PASSWORD, type Seeded, type Somebody } from './seed.js';
import type { Server } from './servers.js';

/** As many connections as wrk and most others use by default. */
export const CONNECTIONS = 10;
/** Entries on every page that is asked for. */
export const PAGE = 20;
const DEEP = 100_000;
const DEEPEST_SKIP = 10_000;
const LARGEST_PAGE = 100;

/** An actor, signed in. */
export interface Actor extends Somebody {
  token: string;
  /** A personal access token that may read users. */
  accessToken: string;
}

/** Whom and what the requests are about. */
export interface World {
  users: number;
  admin: Actor;
  actors: Actor[];
  others: Somebody[];
  /** A post for each actor to like. */
  posts: string[];
  /** Pages reached by cursor: near the start, and as deep as there are users. */
  shallow: CursorPage;
  deep: CursorPage;
  receivers: Receivers;
  /** Runs a statement on the server's database. */
  sql: (text: string, values: unknown[]) => Promise<Record<string, unknown>[]>;
}

/** A place in the list of users, and the ids found there. */
export interface CursorPage {
  depth: number;
  cursor: string;
  ids: string[];
}

/** A page as it goes over the wire. */
export interface PageBody {
  items: Record<string, unknown>[];
  total: number | null;
  next_cursor: string;
}

/** Reads a page. @throws SyntaxError when it is no JSON */
export const parsePage = (body: string) => JSON.parse(body) as PageBody;

/** So many of the others, different ones for each connection. */
export function someOthers({ others }: World, connection: number, count: number): Somebody[] {
  return Array.from({ length: count }, (_, i) => others[(connection * count + i) % others.length] as Somebody);
}

/** Signing in with an e-mail address. */
export const loginOf = ({ email }: Somebody): Exchange => ({
  method: 'POST',
  path: '/api/auth/login',
  body: { email, password: PASSWORD },
});

/** Everybody whom the load needs, signed in, and the places that it goes to. */
export async function enter(
  server: Server,
  seeded: Seeded,
  { users, receivers, sql }: Pick<World, 'users' | 'receivers' | 'sql'>,
): Promise<World> {
  const admin = await asSignedIn(server, seeded.admin);
  const actors: Actor[] = [];
  for (const actor of seeded.actors) actors.push(await asSignedIn(server, actor));
  const { token } = actors[0] as Actor; // not the admin's: an admin's list has other cursors
  const page = async (path: string) => parsePage(await get(server, path, token));
  const posts = await page(`/api/posts?limit=${CONNECTIONS}`);
  const cursorPage = async (depth: number): Promise<CursorPage> => {
    const skipped = Math.min(depth, DEEPEST_SKIP);
    let { next_cursor: cursor } = await page(`/api/users?skip=${skipped - PAGE}&limit=${PAGE}`);
    for (let at = skipped; at < depth; at += LARGEST_PAGE)
      cursor = (await page(`/api/users?limit=${LARGEST_PAGE}&cursor=${cursor}`)).next_cursor;
    const { items } = await page(`/api/users?limit=${PAGE}&cursor=${cursor}`);
    return { depth, cursor, ids: items.map(({ id }) => id as string) };
  };
  return {
    users,
    receivers,
    sql,
    admin,
    actors,
    others: seeded.others,
    posts: posts.items.map(({ id }) => id as string),
    shallow: await cursorPage(PAGE),
    deep: await cursorPage(Math.min(DEEP, users - 2 * PAGE)),
  };
}

async function asSignedIn(server: Server, somebody: Somebody): Promise<Actor> {
  const token = (await signIn(server, somebody)).access_token;
  return { ...somebody, token, accessToken: await makeAccessToken(server, token) };
}

async function makeAccessToken({ url }: Server, token: string): Promise<string> {
  const response = await fetch(`${url}/api/auth/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['users:read'] }),
  });
  const body = (await response.json()) as { token?: string };
  if (!body.token) throw new Error(`No access token could be made: ${response.status} ${JSON.stringify(body)}`);
  return body.token;
}

/** Signs somebody in. @throws when they can't */
export async function signIn(
  server: Server,
  somebody: Somebody,
): Promise<{ access_token: string; refresh_token: string }> {
  const response = await sendLogin(server, somebody);
  if (response.status !== 200) throw new Error(`${somebody.email} can't sign in: ${await response.text()}`);
  return (await response.json()) as { access_token: string; refresh_token: string };
}

async function sendLogin({ url }: Server, somebody: Somebody, signal?: AbortSignal): Promise<Response> {
  const { method, path, body } = loginOf(somebody);
  const headers = { 'content-type': 'application/json' };
  return fetch(url + path, { method, headers, body: JSON.stringify(body), signal });
}

async function get({ url }: Server, path: string, token: string): Promise<string> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`GET ${path} got ${response.status} ${body.slice(0, 500)}`);
  return body;
}

/** What became of the logins that ran beside something else. */
export interface Logins {
  perSecond: number;
  /** Those that were told to come back later, and did. */
  refused: number;
}

/** Keeps so many logins going until the signal fires. Whoever is turned away waits as long as they are told. */
export async function keepLoggingIn(server: Server, world: World, count: number, signal: AbortSignal): Promise<Logins> {
  const start = performance.now();
  const tally = { done: 0, refused: 0 };
  await Promise.all(someOthers(world, 0, count).map((somebody) => logInUntil(server, somebody, { signal, tally })));
  return { perSecond: (tally.done * 1000) / (performance.now() - start), refused: tally.refused };
}

async function logInUntil(
  server: Server,
  somebody: Somebody,
  { signal, tally }: { signal: AbortSignal; tally: { done: number; refused: number } },
): Promise<void> {
  try {
    while (!signal.aborted) {
      const response = await sendLogin(server, somebody, signal);
      await response.arrayBuffer();
      if (response.status === 200) tally.done++;
      else if (response.status !== 503) throw new Error(`${somebody.email} can't sign in: ${response.status}`);
      else {
        tally.refused++;
        await delay(Number(response.headers.get('retry-after') ?? 1) * 1000, undefined, { signal });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

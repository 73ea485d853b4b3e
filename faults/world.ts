import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Person } from './load.js';
import type { Row } from './rows.js';
import { HAS_PGBOUNCER } from '../test/support/pgbouncer.js';
import { startPgBouncer } from './pgbouncer.js';
import { Postgres, type Sql } from './postgres.js';
import { Replica } from './replica.js';

/** Two replicas, people with accounts, and where to look afterwards what became of their work. */
export interface Scene {
  folder: string;
  postgres: Sql;
  database: string;
  replicas: [Replica, Replica];
  people: Person[];
}

/** What the faults happen to: a PostgreSQL, and a pooler before it. */
export interface World extends Scene {
  postgres: Postgres;
  url: string;
  /** The port of PgBouncer, or undefined where it isn't installed. */
  pooler: number | undefined;
  isShort: boolean;
}

const PEOPLE = 40; // more than ever write at once: each keeps a ledger of their own
const PASSWORD = 'a long enough password';

/** Something that goes wrong, and what is measured of it. */
export interface Fault<To = World> {
  name: string;
  /** Whether the short form has it too. */
  isQuick: boolean;
  run: (world: To) => Promise<Row>;
}

/** Builds the world, two replicas ready. */
export async function makeWorld(isShort: boolean): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'userhub-faults-'));
  chmodSync(folder, 0o755); // PostgreSQL and PgBouncer are other users when this is root
  const database = 'faults';
  const postgres = await Postgres.create(folder);
  const url = await postgres.createDatabase(database);
  const pooler = HAS_PGBOUNCER ? await startPgBouncer(postgres, folder) : undefined;
  const settled = await settleIn(url, folder);
  return { folder, postgres, database, url, ...settled, pooler, isShort };
}

/** Starts two replicas on a database, and registers people. */
export async function settleIn(url: string, folder: string, name = ''): Promise<Pick<Scene, 'replicas' | 'people'>> {
  const env = { DATABASE_URL: url };
  const start = (letter: string) => Replica.start(`${name}${letter}`, env, folder);
  const replicas: Scene['replicas'] = [await start('a'), await start('b')];
  await Promise.all(replicas.map((replica) => replica.ready()));
  return { replicas, people: await register(replicas[0], 'person', PEOPLE) };
}

/** Makes accounts and signs them in. */
export async function register(replica: Replica, name: string, count: number): Promise<Person[]> {
  const people: Person[] = [];
  for (let i = 0; i < count; i++) {
    const body = { username: `${name}${i}`, email: `${name}${i}@example.com`, password: PASSWORD };
    const { status, body: user } = await replica.call('POST', '/api/auth/register', { body });
    if (status !== 201) throw new Error(`${body.username} could not register (${status}: ${JSON.stringify(user)})`);
    people.push(await signIn(replica, user['id'] as string, body.username));
  }
  return people;
}

/** Signs somebody in. @throws when that fails */
export async function signIn(replica: Replica, id: string, username: string): Promise<Person> {
  const answer = await replica.call('POST', '/api/auth/login', { body: { username, password: PASSWORD } });
  if (answer.status !== 200) throw new Error(`${username} could not sign in (${answer.status})`);
  return { id, access: answer.body['access_token'] as string, refresh: answer.body['refresh_token'] as string };
}

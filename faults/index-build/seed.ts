import bcrypt from 'bcrypt';
import type pg from 'pg';
import { KeyRing } from '../../src/auth/sessions/keys.js';
import { RefreshTokens } from '../../src/auth/sessions/refresh-tokens.js';
import { SECRET } from '../replica.js';

/** What everybody's password is. */
export const PASSWORD = 'a long enough password';

/** People who can sign in, and sessions that can be refreshed: a sample of each. */
export interface Seeded {
  usernames: string[];
  refreshTokens: string[];
}

const SESSIONS_OF_ONE = 20;
const SAMPLE = 20_000;

const PEOPLE = `
  INSERT INTO users (id, email, username, password_hash)
  SELECT uuidv7(), 'person' || n || '@example.com', 'person' || n, $2 FROM generate_series(1, $1::int) n`;

/** One session of each person: begun on the same day, so that ids and places in the table go with the time as in life. */
const SESSIONS = `
  INSERT INTO sessions (id, user_id, generation, created_at, last_used_at, expires_at, ip, user_agent)
  SELECT uuidv7(at - clock_timestamp()), u.id, u.session_generation, at, at, now() + interval '30 days', '192.0.2.1',
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
  FROM (SELECT *, now() - ($1 - random()) * interval '1 day' AS at FROM users LIMIT $2) u`;

/**
 * Fills a migrated database with so many sessions of a twentieth as many people.
 * @param onProgress told how many sessions there are so far
 */
export async function seedSessions(db: pg.Client, count: number, onProgress: (done: number) => void): Promise<Seeded> {
  const people = Math.ceil(count / SESSIONS_OF_ONE);
  await db.query(PEOPLE, [people, await bcrypt.hash(PASSWORD, 10)]);
  await db.query(`SET session_replication_role = replica`); // foreign keys hold without being looked up five million times
  for (let done = 0; done < count; done += people) {
    await db.query(SESSIONS, [SESSIONS_OF_ONE - done / people, Math.min(people, count - done)]);
    onProgress(Math.min(count, done + people));
  }
  await db.query(`RESET session_replication_role`);
  await db.query(`VACUUM (ANALYZE) users, sessions`); // what autovacuum would do in the middle of the measurement
  await db.query('CHECKPOINT');
  return pick(db, count);
}

async function pick(db: pg.Client, count: number): Promise<Seeded> {
  const tokens = new RefreshTokens(new KeyRing({ algorithm: 'HS256', keys: [SECRET], issuer: '', audience: '' }));
  const { rows } = await db.query<{ id: string; username: string }>(
    `SELECT s.id, username FROM sessions s TABLESAMPLE BERNOULLI ($1) JOIN users u ON u.id = user_id ORDER BY random()`,
    [Math.min(100, (100 * SAMPLE) / count)],
  );
  return {
    usernames: rows.map(({ username }) => username),
    refreshTokens: rows.map(({ id }) => tokens.sign({ sessionId: id, counter: 0 })),
  };
}

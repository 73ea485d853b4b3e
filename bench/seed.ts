/** Fills an empty, migrated database with people, and with what they have written, liked and still to do. */
import bcrypt from 'bcrypt';
import pg from 'pg';

/** What everybody's password is. */
export const PASSWORD = 'long enough for a bench';

/** Somebody in the database. */
export interface Somebody {
  id: string;
  email: string;
  username: string;
  display_name: string;
}

/** Whom the load is about: an admin, people to act as, and people to look for. */
export interface Seeded {
  admin: Somebody;
  actors: Somebody[];
  others: Somebody[];
}

/** People that are planted at once. */
export const BATCH = 25_000;
const MOST_POSTS = 100_000;
const TASKS_OF_AN_ACTOR = 40;

const FIRST_NAMES =
  `Ada Alan Amina Ana Barbara Ben Carla Chen Dara Dennis Edsger Emil Fatima Frances Goran Grace Hana Hedy
  Ivo Jean Jun Katherine Ken Kofi Lena Leslie Linus Margaret Mei Milan Nadia Niklaus Noor Olga Omar Priya Radia Ravi
  Rosa Samir Sofia Tariq Tim Uma Viktor Wanda Xin Yara Yusuf Zoe`.split(/\s+/);
const LAST_NAMES =
  `Adler Bartik Berg Brandt Castro Cerf Costa Diaz Dijkstra Eriksen Fofana Friedman Garcia Goldberg Haas
  Hamilton Hopper Ito Jansen Johnson Khan Knuth Kovacs Lamarr Lamport Larsen Liskov Lovelace Meyer Mori Nakamura Novak
  Okafor Olsen Perlman Petrov Quist Ramos Ritchie Rossi Sato Schmidt Silva Singh Tanaka Thompson Torvalds Turing Umarov
  Varga Vogel Wagner Weber Wirth Xu Yilmaz Young Zhang Ziegler Zuse`.split(/\s+/);

// one a minute; names go through all pairs before they repeat, and the number keeps usernames apart
const PEOPLE = `
  INSERT INTO users (id, email, username, display_name, password_hash, created_at, updated_at)
  SELECT uuidv7(at - clock_timestamp()), lower(first || '.' || last || '.' || n) || '@example.com',
    lower(first || '.' || last || '.' || n), first || ' ' || last, $3, at, at
  FROM (
    SELECT n, now() - ($2 - n) * interval '1 minute' AS at,
      ($4::text[])[1 + n % cardinality($4)] AS first,
      ($5::text[])[1 + n / cardinality($4) % cardinality($5)] AS last
    FROM generate_series($1::int, least($1 + ${BATCH - 1}, $2)) n) AS person`;

const POSTS = `
  INSERT INTO posts (id, author_id, title, content, created_at, updated_at)
  SELECT uuidv7(u.created_at - clock_timestamp()), u.id, 'Notes of ' || u.display_name,
    'What ' || u.display_name || ' has found out about compilers, looms and number ' || n || '.', u.created_at, u.created_at
  FROM (SELECT *, row_number() OVER (ORDER BY id DESC) AS n FROM (SELECT * FROM users ORDER BY created_at DESC LIMIT $1) newest) u`;

const LIKES = `INSERT INTO likes (post_id, user_id)
  SELECT p.id, u.id FROM (SELECT id FROM posts ORDER BY created_at DESC LIMIT 1000) p, (SELECT id FROM users LIMIT 5) u`;

const TASKS = `
  INSERT INTO tasks (id, user_id, title, description, is_completed, created_at, updated_at)
  SELECT uuidv7(n * interval '-1 hour'), u.id, 'Task number ' || n, 'To be done soon.', n % 3 = 0,
    now() - n * interval '1 hour', now() - n * interval '1 hour'
  FROM unnest($1::uuid[]) AS u (id), generate_series(1, ${TASKS_OF_AN_ACTOR}) n
  UNION ALL
  SELECT uuidv7(), u.id, 'A task', NULL, false, now(), now() FROM (SELECT id FROM users LIMIT $2) u`;

/**
 * Plants so many people, and what belongs to them.
 * @param onProgress told how many people there are so far
 */
export async function seed(
  url: string,
  { users, actors }: { users: number; actors: number },
  onProgress: (done: number) => void,
): Promise<Seeded> {
  const db = new pg.Client(url);
  await db.connect();
  try {
    const hash = await bcrypt.hash(PASSWORD, 12);
    const indexes = await dropIndexes(db);
    for (let first = 1; first <= users; first += BATCH) {
      await db.query(PEOPLE, [first, users, hash, FIRST_NAMES, LAST_NAMES]);
      onProgress(Math.min(users, first + BATCH - 1));
    }
    await makeIndexes(db, indexes);
    await db.query('ANALYZE users');
    const seeded = await pick(db, { users, actors });
    await db.query(POSTS, [Math.min(users, MOST_POSTS)]);
    await db.query(LIKES);
    await db.query(TASKS, [seeded.actors.map(({ id }) => id), Math.min(users, MOST_POSTS)]);
    await db.query('VACUUM (ANALYZE) users, posts, likes, tasks'); // what autovacuum would do in the middle of a round
    return seeded;
  } finally {
    await db.end();
  }
}

/** Filling an index row by row takes several times as long as making it of all of them: of five million people, minutes more. */
async function dropIndexes(db: pg.Client): Promise<string[]> {
  const { rows } = await db.query<{ name: string; definition: string }>(`
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid = 'users'::regclass AND NOT indisprimary`);
  if (rows.length) await db.query(`DROP INDEX ${rows.map(({ name }) => name).join(', ')}`);
  return rows.map(({ definition }) => definition);
}

async function makeIndexes(db: pg.Client, definitions: string[]): Promise<void> {
  await db.query(`SET maintenance_work_mem = '512MB'`);
  for (const definition of definitions) await db.query(definition);
}

/** The first person is the admin, the next ones act, and a sample of everybody is looked for. */
async function pick(db: pg.Client, { users, actors }: { users: number; actors: number }): Promise<Seeded> {
  const find = async (rest: string, values: unknown[]) =>
    (await db.query<Somebody>(`SELECT id, email, username, display_name FROM users ${rest}`, values)).rows;
  const [admin, ...people] = await find('ORDER BY created_at LIMIT $1', [actors + 1]);
  if (!admin || people.length < actors) throw new Error('Too few users for a bench.');
  await db.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [admin.id]);
  const others = await find('TABLESAMPLE BERNOULLI ($1) REPEATABLE (1) WHERE id <> ALL ($2)', [
    Math.min(100, (2000 / users) * 100),
    [admin, ...people].map(({ id }) => id), // they change their names
  ]);
  return { admin, actors: people, others };
}

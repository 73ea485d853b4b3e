/**
 * The ceiling: what is left when there is nothing between HTTP and SQL but Fastify and `pg`. The same routes on the same
 * database, each in the most direct way: no validation, no roles save where they are the point, no problem documents.
 */
import { createSecretKey, randomUUID } from 'node:crypto';
import bcrypt from 'bcrypt';
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';

interface Claims {
  sub: string;
  sid: string;
}
type Row = Record<string, unknown>;

const { DATABASE_URL = '', JWT_SECRET_KEY = '', PORT = '0' } = process.env;
const key = createSecretKey(Buffer.from(JWT_SECRET_KEY, 'utf8'));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const app = fastify();

const TOKEN = { algorithm: 'HS256', issuer: 'userhub', audience: 'userhub' } as const;
const PUBLIC = 'u.id, u.username, u.display_name, u.profile_picture_url, u.created_at';
const WHOLE = `${PUBLIC}, u.email, u.role, u.is_active, u.updated_at`;
const VISIBLE = 'u.is_active AND u.deleted_at IS NULL';

/** Whether session $1 of person $2, called by this name in the statement, still lives. */
const signedIn = (me: string) => `${me}.id = $2 AND ${me}.is_active AND ${me}.deleted_at IS NULL AND EXISTS (
  SELECT FROM sessions s WHERE s.id = $1 AND s.user_id = ${me}.id AND s.ended_at IS NULL AND s.expires_at > now()
  AND s.generation = ${me}.session_generation)`;

const ME = `SELECT ${WHOLE} FROM users u WHERE ${signedIn('u')}`;
const BY_ID = `SELECT ${PUBLIC} FROM users u, users me WHERE ${signedIn('me')} AND u.id = $3 AND ${VISIBLE}`;
const BY_EMAIL = `SELECT ${WHOLE} FROM users u, users me
  WHERE ${signedIn('me')} AND me.role = 'admin' AND u.email = $3 AND u.deleted_at IS NULL`;
const UPDATE = `UPDATE users u SET display_name = $3, version = version + 1, updated_at = now()
  WHERE ${signedIn('u')} RETURNING ${WHOLE}`;
const CREDENTIALS = `SELECT id, password_hash, session_generation FROM users u WHERE email = $1 AND ${VISIBLE}`;
const START = `INSERT INTO sessions (id, user_id, generation, expires_at) VALUES ($1, $2, $3, now() + interval '7 days')`;

const SEARCHED = `AND (u.username ILIKE $1 OR u.display_name ILIKE $1)`;
const page = (condition = '') => `SELECT ${PUBLIC} FROM users u WHERE ${VISIBLE} ${condition}
  ORDER BY u.created_at DESC, u.id DESC`;
const total = (condition = '') => `SELECT count(*)::int AS total FROM users u WHERE ${VISIBLE} ${condition}`;

async function rows(name: string, text: string, values: unknown[]): Promise<Row[]> {
  return (await pool.query<Row>({ name, text, values })).rows;
}

function claimsOf(request: FastifyRequest): [sessionId: string, userId: string] {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const { algorithm, ...expected } = TOKEN;
  // its types know of a KeyObject only where both kinds of key are meant
  const claims = jsonwebtoken.verify(token, key, { algorithms: [algorithm], ...expected }) as unknown as Claims;
  return [claims.sid, claims.sub];
}

const orRefused = (row: Row | undefined, reply: FastifyReply) => row ?? reply.code(404).send();

app.get('/health/live', () => ({ status: 'ok' }));

app.get('/api/auth/me', async (request, reply) => {
  const [me] = await rows('me', ME, claimsOf(request));
  return orRefused(me, reply);
});

app.get<{ Params: { id: string } }>('/api/users/:id', async (request, reply) => {
  const [user] = await rows('by_id', BY_ID, [...claimsOf(request), request.params.id]);
  return orRefused(user, reply);
});

app.get<{ Params: { email: string } }>('/api/users/email/:email', async (request, reply) => {
  const [user] = await rows('by_email', BY_EMAIL, [...claimsOf(request), request.params.email]);
  return orRefused(user, reply);
});

app.get<{ Querystring: { skip?: string; limit?: string; q?: string } }>('/api/users', async (request, reply) => {
  const [me] = await rows('me', ME, claimsOf(request));
  if (!me) return orRefused(me, reply);
  const { skip = '0', limit = '10', q } = request.query;
  const [items, [counted]] = await Promise.all(
    q === undefined
      ? [rows('list', `${page()} LIMIT $1 OFFSET $2`, [limit, skip]), rows('total', total(), [])]
      : [
          rows('search', `${page(SEARCHED)} LIMIT $2 OFFSET $3`, [`%${q}%`, limit, skip]),
          rows('found', total(SEARCHED), [`%${q}%`]),
        ],
  );
  return { items, total: counted?.['total'], skip: Number(skip), limit: Number(limit) };
});

app.patch<{ Body: { display_name: string } }>('/api/users/:id', async (request, reply) => {
  const [user] = await rows('update', UPDATE, [...claimsOf(request), request.body.display_name]);
  return orRefused(user, reply);
});

app.post<{ Body: { email: string; password: string } }>('/api/auth/login', async (request, reply) => {
  const { email, password } = request.body;
  const [user] = await rows('credentials', CREDENTIALS, [email]);
  if (!user || !(await bcrypt.compare(password, user['password_hash'] as string))) return orRefused(undefined, reply);
  const sid = randomUUID();
  await rows('start', START, [sid, user['id'], user['session_generation']]);
  return {
    access_token: jsonwebtoken.sign({ sid }, key, { ...TOKEN, subject: user['id'] as string, expiresIn: '30m' }),
  };
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit());

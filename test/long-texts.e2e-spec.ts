import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Schema } from '../scripts/openapi/document.js';
import { startApp, type TestApp } from './support/app.js';
import { parametersOf, resolve, type Route, routes } from './support/contract.js';
import { admin, type Person } from './support/people.js';
import { exchange, head } from './support/wire.js';

const LONGEST_HEAD = 14_000; // Node refuses heads over 16 KiB
const LONGEST_BODY = 60_000;
const LIMIT = 60; // milliseconds of processor time; a regular expression that backtracks takes hundreds
const PATIENCE = 60_000;

/** What regular expressions backtrack on: one thing over and over, then something that doesn't match. */
const REPEATED = ['a', '/', '@', '%25', '%', '.', '-', ' ', '\t', ',', ';', '=', 'a.', '=""'];
/** The order in which combining marks are normalised takes the square of their number. */
const MARKS = '\u0301\u0316';
const texts = (bytes: number, encoded = (text: string) => text, parts = REPEATED) =>
  parts.map((part) => ({ part, text: `a${part.repeat((bytes - 3) / Buffer.byteLength(encoded(part)))}!a` }));
const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
const HEADERS = [
  'Accept',
  'Accept-Encoding',
  'Content-Type',
  'Cookie',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Origin',
  'traceparent',
  'User-Agent',
  'X-Forwarded-For',
  'X-Request-Id',
];

/** Members of a row of an import, and what hashes of other systems begin with. */
const MEMBERS = ['email', 'username', 'display_name', 'locale', 'role', 'password', 'hash_type', 'created_at', 'id'];
const HASHES = ['$2b$12$', 'pbkdf2_sha256$1$', '$pbkdf2-sha256$1$', 'scrypt$1$', '$scrypt$ln=1,r=1,p=1$', '$argon2id$m=1,t=1,p=1$', 'AQAAAA']; // prettier-ignore

/** A request with a long text, and what to call it. */
type Attempt = [name: string, send: () => Promise<unknown>];

/** One thread serves everybody: others wait while it works on one request. */
describe('a long text keeps nobody waiting', () => {
  let app: TestApp;
  let root: Person;
  let asset = '';

  beforeAll(async () => {
    app = await startApp({
      TRUST_PROXY: '127.0.0.1',
      OIDC_LOCAL_ISSUER: 'http://127.0.0.1:9', // nobody listens there
      OIDC_LOCAL_CLIENT_ID: 'userhub',
      OIDC_LOCAL_CLIENT_SECRET: 'a secret of the issuer',
    });
    root = await admin(app);
    asset = /assets\/[^"]+/.exec(await (await fetch(`${app.url}/admin/`)).text())?.[0] ?? '';
  });
  afterAll(() => app.close());

  const bearer = () => `Authorization: Bearer ${root.tokens.access_token}`;
  const slow = async (attempts: Attempt[]) => {
    const found: string[] = [];
    for (const [name, send] of attempts) {
      const took = await leastTimeOf(send);
      if (took >= LIMIT) found.push(`${name}: ${Math.round(took)} ms`);
    }
    return found;
  };

  it.each(['/', '/api/users/', '/api/users/email/', '/api/posts?q=', '/health/'])(
    'at the end of %s',
    async (start) => {
      const attempts = texts(LONGEST_HEAD).map(({ part, text }): Attempt => {
        const path = `${start}${text.replace(/[\s"]/g, '+')}`;
        return [part, () => exchange(app.url, head(`GET ${path}`, bearer()))];
      });
      expect(await slow(attempts)).toEqual([]);
    },
    PATIENCE,
  );

  it.each(HEADERS)(
    'as %s',
    async (name) => {
      expect(asset).not.toBe('');
      const type = name === 'Content-Type' ? [] : ['Content-Type: application/json'];
      const requests = [
        ['GET /api/auth/me', ''],
        [`GET /admin/${asset}`, ''],
        ['POST /api/auth/login', '{}'],
        ['POST /api/posts', '{}'], // reads Idempotency-Key
        [`PATCH /api/users/${root.id}`, '{}'], // reads If-Match
      ] as const;
      const attempts = texts(LONGEST_HEAD).flatMap(({ part, text }) =>
        requests.map(([line, body]): Attempt => {
          const lines = [bearer(), ...type, `Content-Length: ${body.length}`, `${name}: ${text}`];
          return [`${line} with ${part}`, () => exchange(app.url, head(line, ...lines) + body)];
        }),
      );
      expect(await slow(attempts)).toEqual([]);
    },
    PATIENCE,
  );

  it.each(texts(LONGEST_HEAD))(
    'as a bearer token, of $part',
    async ({ text }) => {
      const line = head('GET /api/auth/me', `Authorization: Bearer ${text}`);
      expect(await slow([['GET /api/auth/me', () => exchange(app.url, line)]])).toEqual([]);
    },
    PATIENCE,
  );

  it.each(routes.filter(({ operation: { parameters, requestBody } }) => parameters ?? requestBody))(
    'in what $method $path reads',
    async (route) => {
      const { method, path } = route;
      const caller = await admin(app, `root${routes.indexOf(route)}`);
      const at = path
        .replace('{provider}', 'local')
        .replace('{user_id}', caller.id)
        .replace(/\{\w+\}/, root.id);
      const inQuery = parametersOf(route, 'query').flatMap(({ name }) =>
        texts(LONGEST_HEAD, encodeURI).map(({ part, text }): Attempt => [
          `${name} of ${part}`,
          () => send(caller, method, `${at}?${name}=${encodeURI(text)}`),
        ]),
      );
      const inBody = bodiesOf(route).map(({ type, member, part, body }): Attempt => [
        `${member} of ${part} in ${type}`,
        () => send(caller, method, at, { type, body }),
      ]);
      expect(await slow([...inQuery, ...inBody])).toEqual([]);
      const isSignedIn = (await caller.api.get('/api/auth/me')).status === 200; // or nothing was read of what was sent
      expect(isSignedIn).toBe(path !== '/api/auth/logout');
    },
    PATIENCE,
  );

  it.each(HASHES.concat(MEMBERS))(
    'in an import, as %s',
    async (name) => {
      const attempts = texts(LONGEST_BODY, inJson, [...REPEATED, MARKS]).flatMap(({ part, text }): Attempt[] => {
        const row = HASHES.includes(name) ? { password_hash: `${name}${text}` } : { [name]: text };
        const cells = Object.entries({ email: 'ada@example.com', ...row });
        const csv = cells.map(([, cell]) => `"${cell.replaceAll('"', '""')}"`);
        const bodies = {
          'application/x-ndjson': JSON.stringify(Object.fromEntries(cells)),
          'text/csv': `${cells.map(([member]) => member).join()}\n${csv.join()}\n`,
        };
        return Object.entries(bodies).map(([type, body]) => [
          `${part} in ${type}`,
          async () => expect(await send(root, 'post', '/api/users/import?dry_run=true', { type, body })).toBe(200),
        ]);
      });
      expect(await slow(attempts)).toEqual([]);
    },
    PATIENCE,
  );

  /** Sends a request of somebody, with a new `Idempotency-Key`; returns the status of its answer. */
  async function send(by: Person, method: string, target: string, sent?: { type: string; body: string }) {
    const answer = await fetch(`${app.url}${target}`, {
      method: method.toUpperCase(),
      headers: {
        authorization: `Bearer ${by.tokens.access_token}`,
        'idempotency-key': randomUUID(),
        ...(sent && { 'content-type': sent.type }),
      },
      body: sent?.body,
      redirect: 'manual',
    });
    await answer.text();
    return answer.status;
  }
});

/**
 * The least processor time of up to ten tries, in milliseconds; the first short one is enough. What Node does in the background,
 * such as collecting garbage, counts as well, and a regular expression takes its time every time.
 */
async function leastTimeOf(send: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 10 && least >= LIMIT; tries++) {
    if (tries) await sleep(50);
    const before = process.cpuUsage();
    await send();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** The first example of each type of body, with a long text as each of its members in turn. */
function bodiesOf({ operation }: Route): { type: string; member: string; part: string; body: string }[] {
  const types = Object.entries(operation.requestBody?.content ?? {});
  return types.flatMap(([type, { schema, examples }]) => {
    const [{ value } = { value: {} }] = Object.values(examples);
    const members = Object.entries(resolve<Schema>(schema).properties ?? {});
    const isJson = type.includes('json');
    const long = texts(LONGEST_BODY, isJson ? inJson : encodeURIComponent, [...REPEATED, MARKS]);
    return members.flatMap(([member, declared]) =>
      long.map(({ part, text }) => {
        const sent = { ...(value as object), [member]: filled(resolve<Schema>(declared), text) };
        const body = isJson ? JSON.stringify(sent) : `${member}=${encodeURIComponent(text)}`;
        return { type, member, part, body };
      }),
    );
  });
}

function filled(schema: Schema, text: string): unknown {
  if (schema.items) return [text];
  const members = Object.keys(schema.properties ?? {});
  if (!members.length) return text;
  return Object.fromEntries(members.map((name) => [name, text.slice(0, LONGEST_BODY / members.length)]));
}

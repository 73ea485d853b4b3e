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
const texts = (length: number) =>
  REPEATED.map((part) => ({ part, text: `a${part.repeat((length - 3) / part.length)}!a` }));
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

/** A request with a long text, and what to call it. */
type Attempt = [name: string, send: () => Promise<unknown>];

/** One thread serves everybody: others wait while it works on one request. */
describe('a long text keeps nobody waiting', () => {
  let app: TestApp;
  let root: Person;
  let asset = '';

  beforeAll(async () => {
    app = await startApp({ TRUST_PROXY: '127.0.0.1' });
    root = await admin(app);
    asset = /assets\/[^"]+/.exec(await (await fetch(`${app.url}/admin/`)).text())?.[0] ?? '';
  });
  afterAll(() => app.close());

  const authorization = () => `Bearer ${root.tokens.access_token}`;
  const bearer = () => `Authorization: ${authorization()}`;
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
      const lines = ['GET /api/auth/me', `GET /admin/${asset}`, 'POST /api/auth/login'];
      const attempts = texts(LONGEST_HEAD).flatMap(({ part, text }) =>
        lines.map((line): Attempt => [
          `${line} with ${part}`,
          () => exchange(app.url, head(line, bearer(), `${name}: ${text}`)),
        ]),
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
      const url = `${app.url}${path.replace(/\{\w+\}/g, root.id)}`;
      const send = (at: string, init?: RequestInit & { type: string }) => async () => {
        const headers = { authorization: authorization(), ...(init && { 'content-type': init.type }) };
        await (await fetch(at, { ...init, method: method.toUpperCase(), headers, redirect: 'manual' })).text();
      };
      const inQuery = parametersOf(route, 'query').flatMap(({ name }) =>
        texts(LONGEST_HEAD / 3).map(({ part, text }): Attempt => [
          `${name} of ${part}`,
          send(`${url}?${name}=${encodeURIComponent(text)}`),
        ]),
      );
      const inBody = bodiesOf(route).map(({ type, member, part, body }): Attempt => [
        `${member} of ${part} in ${type}`,
        send(url, { type, body }),
      ]);
      expect(await slow([...inQuery, ...inBody])).toEqual([]);
    },
    PATIENCE,
  );
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
    return members.flatMap(([member, declared]) =>
      texts(LONGEST_BODY).map(({ part, text }) => {
        const sent = { ...(value as object), [member]: filled(resolve<Schema>(declared), text) };
        const body = type.includes('json') ? JSON.stringify(sent) : `${member}=${encodeURIComponent(text)}`;
        return { type, member, part, body: body.slice(0, 65_000) };
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

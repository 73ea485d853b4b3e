/** Requests out of openapi.json: as it wants them, and bent in one or more places. */
import fc from 'fast-check';
import type { MediaType, Schema } from '../../../scripts/openapi/document.js';
import { parametersOf, resolve, routes, type Route } from '../contract.js';
import { valid, WEIRD, WEIRD_TEXT } from './values.js';

/** Who sends it. */
export type Who = 'nobody' | 'ada' | 'root';

/** A request, before `@ada` and the like are replaced by what they stand for. */
export interface FuzzRequest {
  who: Who;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** One part of a request: as it should be, seldom as it shouldn't. */
const bent = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>, oneIn = 6): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: right, weight: oneIn - 1 }, { arbitrary: wrong, weight: 1 });

function pathOf(route: Route): fc.Arbitrary<string> {
  const parameters = parametersOf(route, 'path');
  const segments = parameters.map(({ name, schema }) =>
    bent(
      fc.oneof({ arbitrary: valid(schema).map((value) => escape(textOf(value))), weight: 3 }, { arbitrary: fc.constantFrom('@ada', '@bob', '@root'), weight: name === 'user_id' ? 4 : 1 }), // prettier-ignore
      fc.oneof(
        WEIRD_TEXT.map(escape),
        fc.constantFrom(
          '%00',
          '%ff',
          '%zz',
          '%c0%80',
          '%ED%A0%80',
          '..',
          '%2e%2e',
          '%2F',
          'x'.repeat(3_000),
          '%25',
          '',
        ),
      ),
    ),
  );
  return fc.tuple(...segments).map((values) => parameters.reduce((path, { name }, i) => path.replace(`{${name}}`, values[i] ?? ''), route.path)); // prettier-ignore
}

function queryOf(route: Route): fc.Arbitrary<string> {
  const known = parametersOf(route, 'query').map(({ name, schema }) =>
    fc.option(fc.tuple(fc.constant(name), bent(valid(schema).map(textOf), fc.oneof(WEIRD_TEXT, WEIRD.map(textOf)))), {
      freq: 3,
      nil: undefined,
    }),
  );
  const unknown = fc.option(fc.tuple(fc.constantFrom('x', '__proto__', 'constructor', 'q', 'limit', 'limit[]', 'sort'), WEIRD_TEXT), { freq: 25, nil: undefined }); // prettier-ignore
  const pairs = fc.tuple(...known, unknown).map((all) =>
    all
      .filter((pair) => pair !== undefined)
      .map(([name, value]) => `${escape(name)}=${escape(value)}`)
      .join('&'),
  );
  return bent(
    pairs,
    fc.oneof(WEIRD_TEXT.map(escape), fc.constantFrom('?', '&&&', '=', 'a=%ff', 'q=%00', 'limit=1&limit=2', '%')),
    30,
  );
}

/** A value outside of JSON; not by `String`, which some of them can't become. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Percent-encoded as browsers do it; halves of characters as the bytes that no UTF-8 has. */
function escape(text: string): string {
  return text.slice(0, 4_000).replace(/[\ud800-\udbff][\udc00-\udfff]|[^A-Za-z0-9._~@-]/gs, (character) => {
    const unit = character.charCodeAt(0);
    return character.length === 1 && unit >= 0xd800 && unit <= 0xdfff ? '%ED%A0%80' : encodeURIComponent(character);
  });
}

interface Body {
  type?: string;
  bytes?: string | Uint8Array;
}

function bodyOf({ operation }: Route): fc.Arbitrary<Body> {
  const content = Object.entries<MediaType>(operation.requestBody?.content ?? {});
  const nothing = fc.constant<Body>({});
  const junk = fc.record<Body>({
    type: fc.constantFrom('application/json', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense', '', undefined), // prettier-ignore
    bytes: fc.oneof(
      fc.constantFrom(
        '',
        '{',
        '{}{}',
        'null',
        '[]',
        '""',
        'NaN',
        '{"a":1,"a":2}',
        '\ufeff{}',
        '{"a":1e400}',
        '-0',
        '{"\\ud800":1}',
        'a=b',
        '['.repeat(5_000),
      ),
      fc.uint8Array({ maxLength: 40 }),
      WEIRD.map((value) => JSON.stringify(value)),
    ),
  });
  if (content.length === 0) return bent(nothing, junk, 10);
  const right = content.map(([type, { schema }]) => {
    const members = fc
      .tuple(valid(schema), mutationsOf(schema))
      .map(([value, changes]) => ({ ...(value as object), ...changes }));
    return members.map((value): Body => ({
      type,
      bytes: type.includes('form') ? formOf(value) : JSON.stringify(value),
    }));
  });
  return bent(fc.oneof(...right), fc.oneof(junk, nothing), 12);
}

/** Some members replaced, in every third body; a member that nobody knows in some. */
function mutationsOf(schema: Schema): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(resolve<Schema>(schema).properties ?? {});
  if (names.length === 0) return fc.constant({});
  const replaced = fc.tuple(fc.constantFrom(...names), WEIRD);
  const added = fc.tuple(fc.constantFrom('constructor', 'role', 'id', 'password_hash', 'toString', 'x'), WEIRD);
  const changes = fc.array(fc.oneof({ arbitrary: replaced, weight: 4 }, { arbitrary: added, weight: 1 }), {
    minLength: 1,
    maxLength: 2,
  });
  return fc.option(changes, { freq: 1, nil: [] }).map((all) => Object.fromEntries(all));
}

const formOf = (value: object) =>
  Object.entries(value)
    .map(([name, member]) => `${escape(name)}=${escape(textOf(member))}`)
    .join('&');

const TAGS = fc.constantFrom(
  '*',
  '"1-x"',
  'W/"1-x"',
  '"999999999-x", "2-y"',
  '1',
  '',
  '"',
  '@etag',
  ',,,,',
  '"1-x'.repeat(500),
);
const HEADERS: Record<string, fc.Arbitrary<string>> = {
  'if-match': TAGS,
  'if-none-match': TAGS,
  'x-request-id': fc.constantFrom('mine', 'x'.repeat(65), 'a b', '', '../..'),
  'x-forwarded-for': fc.constantFrom(
    '203.0.113.9',
    'unknown',
    '203.0.113.9:4711, ::1',
    '[2001:db8::9]:443',
    ',',
    'x'.repeat(300),
  ),
  'x-http-method-override': fc.constantFrom('DELETE', 'PATCH'),
  'content-encoding': fc.constantFrom('identity', 'gzip', 'x'),
  'user-agent': fc.constantFrom('', 'x'.repeat(3_000), '[31m', '\u00ff'),
  accept: fc.constantFrom('text/html', 'application/xml;q=0', '*/*', ''),
  origin: fc.constantFrom('null', 'http://localhost:5173', 'https://evil.example', 'x'),
  range: fc.constantFrom('bytes=0-0', 'bytes=-1'),
  traceparent: fc.constantFrom('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00-0-0-0', ''),
  'idempotency-key': fc.constantFrom('a', 'x'.repeat(300), '', '"quoted"'),
  authorization: fc.constantFrom(
    '',
    'Bearer',
    'Bearer x',
    'bearer a.b.c',
    'Basic Og==',
    'Bearer '.repeat(3),
    'Digest x',
    'Bearer null',
  ),
};
const headersOf = fc
  .array(
    fc
      .constantFrom(...Object.keys(HEADERS))
      .chain((name) => (HEADERS[name] ?? fc.constant('')).map((value) => [name, value] as const)),
    { maxLength: 2 },
  ) // prettier-ignore
  .map((entries) => Object.fromEntries(entries));

/** How many requests of this operation there are, compared with the others. */
const weightOf = ({ path, operation }: Route) => (path.startsWith('/api/') && operation.requestBody ? 3 : 2);

function requestOf(route: Route): fc.Arbitrary<FuzzRequest> {
  const method = bent(fc.constant(route.method.toUpperCase()), fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'TRACE', 'PROPFIND', 'GET'), 20); // prettier-ignore
  return fc
    .record({
      who: fc.constantFrom<Who>('nobody', 'ada', 'ada', 'root', 'root'),
      method,
      path: pathOf(route),
      query: fc.option(queryOf(route), { freq: parametersOf(route, 'query').length ? 5 : 1, nil: '' }),
      slash: fc.constantFrom('', '', '', '', '/'),
      headers: bent(fc.constant({}), headersOf, 3),
      body: bodyOf(route),
    })
    .map(({ who, method: verb, path, query, slash, headers, body }) => ({
      who,
      method: verb,
      path: path + slash + (query && `?${query}`),
      headers: { ...(body.type !== undefined && { 'content-type': body.type }), ...headers },
      body: body.bytes,
    }));
}

/** Any request to any operation, and now and then to no operation at all. */
export const anyRequest: fc.Arbitrary<FuzzRequest> = fc.oneof(
  ...routes.map((route) => ({ arbitrary: requestOf(route), weight: weightOf(route) })),
  {
    arbitrary: fc.record<FuzzRequest>({
      who: fc.constantFrom<Who>('nobody', 'ada', 'root'),
      method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'DELETE', 'HEAD'),
      path: fc.oneof(WEIRD_TEXT.map((text) => `/${escape(text)}`), fc.constantFrom('/', '//', '/api', '/api/', '/api//users', '/api/users/../auth/me', '/API/USERS', '/%61pi/users', '/docs/..%2f..%2fpackage.json', '/docs/constructor', '/api/users;x=1', '/api/@ada/tasks')), // prettier-ignore
      headers: headersOf,
    }),
    weight: 3,
  },
);

/** Values as a schema wants them, and values that nobody wants. */
import fc from 'fast-check';
import type { Schema } from '../../../scripts/openapi/document.js';
import { resolve } from '../contract.js';

/** Stands for something that exists when the request is sent: `@ada`, `@post` …, in a path, a query or a body. */
export const PLACEHOLDERS = ['@ada', '@root', '@bob', '@post', '@task', '@session', '@nobody'] as const;
const id = fc.constantFrom(...PLACEHOLDERS);

const GRAPHEMES = fc.string({ unit: 'grapheme', maxLength: 20 });
const WORDS = fc.constantFrom('ada', 'bob', 'root', 'Ada Lovelace', 'correct horse battery', 'example.com', '  ', 'é');
const LONG = fc.integer({ min: 100, max: 6_000 }).map((length) => 'x'.repeat(length));
const HUGE = fc.constantFrom(10_000, 40_000, 70_000).map((length) => '🦉'.repeat(length / 2));
const TEXT = fc.oneof({ arbitrary: GRAPHEMES, weight: 4 }, { arbitrary: WORDS, weight: 2 }, LONG);

const FORMATS: Record<string, fc.Arbitrary<string>> = {
  uuid: fc.oneof({ arbitrary: id, weight: 6 }, fc.uuid()),
  email: fc.oneof(fc.emailAddress(), fc.nat(500).map((n) => `Person${n}@Example.COM`), fc.constantFrom('ada@example.com', 'root@example.com', 'ü@münchen.example', 'ada@münchen.example')), // prettier-ignore
  uri: fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['http', 'https'] }),
  'date-time': fc.oneof(
    fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
    fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:00+05:30', '2026-01-01t00:00:00.123456789z', '0000-01-01T00:00:00Z', '2026-06-30T23:59:60Z'), // prettier-ignore
  ),
  password: fc.oneof(fc.constantFrom('correct horse battery', 'password', 'wrong horse'), GRAPHEMES),
};

/** A value that a schema allows, as far as it says what it allows. */
export function valid(said: Schema): fc.Arbitrary<unknown> {
  const schema = resolve<Schema>(said);
  if (schema.allOf) return fc.tuple(...schema.allOf.map(valid)).map((parts) => Object.assign({}, ...parts) as unknown);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valid));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => OF_TYPE[type]?.(schema) ?? fc.constant(null)));
}

const OF_TYPE: Record<string, (schema: Schema) => fc.Arbitrary<unknown>> = {
  string: text,
  integer: ({ minimum = -5, maximum = 2 ** 31 }) => fc.oneof(fc.integer({ min: minimum, max: Math.min(maximum, minimum + 150) }), fc.constantFrom(minimum, maximum)), // prettier-ignore
  number: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: () => fc.boolean(),
  array: ({ items = {} }) => fc.array(valid(items), { maxLength: 4 }),
  object,
};

function text({ format, pattern, minLength = 0, maxLength = 200, examples = [] }: Schema): fc.Arbitrary<string> {
  const known = examples.filter((one) => typeof one === 'string');
  const examplesToo = known.length ? [{ arbitrary: fc.constantFrom(...known), weight: 2 }] : [];
  const formatted = FORMATS[format ?? ''];
  if (formatted) return fc.oneof({ arbitrary: formatted, weight: 4 }, ...examplesToo);
  if (pattern && pattern !== '\\S') return fc.oneof({ arbitrary: fc.stringMatching(new RegExp(pattern)), weight: 4 }, ...examplesToo); // prettier-ignore
  const sized = fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) });
  return fc.oneof({ arbitrary: sized, weight: 4 }, { arbitrary: TEXT, weight: 2 }, ...examplesToo);
}

function object({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const members = Object.entries(properties).map(([name, member]) => [name, valid(member)] as const);
  const optional = members.map(([name]) => name).filter((name) => !required.includes(name));
  return fc.record(Object.fromEntries(members), { requiredKeys: required.filter((name) => !optional.includes(name)) });
}

/** Texts that have broken things before. */
export const WEIRD_TEXT = fc.oneof(
  fc.constantFrom(
    '', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\u202e', '\u200b', '\ufeff', '\r\nX-Injected: 1', '%', '%00', '%zz', '%c0%80', '%2e%2e%2f', '../../etc/passwd',
    'null', 'undefined', 'NaN', 'true', '0', '-1', '1e30', '0x10', '9223372036854775808', "' OR 1=1 --", '${7*7}', '{{7*7}}', '<script>', '*', '_', '\\',
    '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'ada@example.com/.evil.example', 'https://exa mple.com', 'https://x/%zz', '"', '@',
  ), // prettier-ignore
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 10 }),
  LONG,
);

const WEIRD_NUMBER = fc.oneof(fc.double(), fc.constantFrom(-0, 0, 1e308, 2 ** 53, -(2 ** 63), 1e-320, 0.1));
const WEIRD_KEY = fc.constantFrom('constructor', '__proto__', 'prototype', 'toString', 'then', 'length', 'toJSON', '', '0', '$ne', 'id', 'role', 'a'); // prettier-ignore

/** Anything that JSON can say, with names that JavaScript itself knows; made by parsing, so that `__proto__` is a member. */
const WEIRD_OBJECT: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, 1, 'x'),
    WEIRD_TEXT,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(WEIRD_KEY, tie('value')), { maxLength: 3 }).map((entries) => JSON.parse(`{${[...new Map(entries)].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`) as unknown), // prettier-ignore
  ),
})).value;

/** What nobody has asked for. */
export const WEIRD: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: WEIRD_TEXT, weight: 4 },
  { arbitrary: WEIRD_OBJECT, weight: 3 },
  { arbitrary: WEIRD_NUMBER, weight: 1 },
  { arbitrary: HUGE, weight: 1 },
  {
    arbitrary: fc.constantFrom(null, [], {}, [[]], true, false, [null], { constructor: 1 }, { a: { b: { c: {} } } }),
    weight: 3,
  },
  { arbitrary: fc.integer({ min: 10, max: 3_000 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown), weight: 1 }, // prettier-ignore
);

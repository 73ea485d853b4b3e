/** openapi.json as a promise: what it says of an answer, and whether an answer keeps it. */
import { readFileSync } from 'node:fs';
import type {
  Method,
  OpenApi,
  Operation,
  Parameter,
  Reference,
  Response,
  Schema,
} from '../../scripts/openapi/document.js';
import type { Answer } from './api.js';

/** The document as it is shipped. */
export const openApi = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as OpenApi;

/** An operation of the document, and where it stands. */
export interface Route {
  method: Method;
  path: string;
  operation: Operation;
}

/** Every operation of the document. */
export const routes: Route[] = Object.entries(openApi.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ method: method as Method, path, operation })),
);

/** The part of the document that a `$ref` points at, or what was there in its place. */
export function resolve<T extends object>(value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  const { $ref, ...more } = value;
  const found = $ref
    .split('/')
    .slice(1)
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], openApi);
  if (!found) throw new Error(`Nothing is at ${$ref}`);
  return { ...found, ...more } as T; // a reference may have a description of its own
}

/** The parameters that an operation reads in one place, such as its query. */
export const parametersOf = ({ operation }: Route, place: Parameter['in']): Parameter[] =>
  (operation.parameters ?? []).map((parameter) => resolve<Parameter>(parameter)).filter((one) => one.in === place);

/** What the document says of an answer of this operation. */
export const responseOf = ({ responses }: Operation, status: number): Response | undefined =>
  responses[status] && resolve<Response>(responses[status]);

/** Fails on an answer that the document doesn't promise: its status, its type, its shape, its code, its headers. */
export function assertAsDocumented(method: string, url: string, answer: Answer<unknown>): void {
  const { operation } = routeOf(method, url) ?? {};
  if (!operation || (!operation.requestBody && IS_ABOUT_BODIES.has(answer.status))) return;
  const said = responseOf(operation, answer.status);
  const complaints = said ? complaintsOf(answer, said) : [`an undocumented status: ${answer.text}`];
  if (complaints.length) {
    const told = `${method} ${url} answered ${answer.status} with ${complaints.join(', ')}`;
    throw new Error(
      `${told} (if it shall: npm run openapi; failures are its @throws, and those of scripts/openapi/failure-codes.ts)`,
    );
  }
}

/** What a body may be refused for, also where none was asked for. */
const IS_ABOUT_BODIES = new Set([400, 413, 415]);

function complaintsOf({ headers, body, text }: Answer<unknown>, said: Response): string[] {
  const undeclared = HEADERS.filter((name) => headers.has(name) && !(name in (said.headers ?? {})));
  const [type = ''] = (headers.get('content-type') ?? '').split(';');
  const content = said.content?.[type];
  const { code } = (body ?? {}) as { code?: string };
  const isProblem = type === 'application/problem+json' && code !== undefined;
  return [
    ...(isProblem && !said.description.includes(`\`${code}\``) ? [`the undocumented code ${code}`] : []),
    ...undeclared.map((name) => `an undocumented ${name}`),
    ...(content ? schemaComplaints(body, content.schema) : text ? [`an undocumented type ${type}`] : []),
  ];
}

const HEADERS = ['ETag', 'Location', 'Link', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'];

/** The operation that a request is for. Among templates that fit, the one with most fixed segments is the server's choice as well. */
export function routeOf(method: string, url: string): Route | undefined {
  const path = (url.split('?')[0] ?? '').replace(/(?<=.)\/$/, '');
  return routes
    .filter((route) => route.method === method.toLowerCase() && PATTERNS.get(route.path)?.test(path))
    .sort((one, other) => variablesIn(one.path) - variablesIn(other.path))[0];
}

const PATTERNS = new Map(
  Object.keys(openApi.paths).map((path) => [path, new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)]),
);

const variablesIn = (path: string) => path.split('{').length;

/** Where a value isn't as a schema says, one line each. Members that the schema doesn't name are complained of, too. */
export function schemaComplaints(value: unknown, said: Schema, at = 'body'): string[] {
  const schema = merged(said);
  if (schema.anyOf) {
    const each = schema.anyOf.map((one) => schemaComplaints(value, one, at));
    return each.some((complaints) => complaints.length === 0) ? [] : each.flat();
  }
  const wrong = RULES.filter(([, holds]) => !holds(value, schema)).map(([rule]) => `${at}: not its ${rule}`);
  if (Array.isArray(value)) {
    return [...wrong, ...value.flatMap((item, index) => schemaComplaints(item, schema.items ?? {}, `${at}/${index}`))];
  }
  return typeof value === 'object' && value !== null ? [...wrong, ...memberComplaints(value, schema, at)] : wrong;
}

function memberComplaints(value: object, { properties = {}, required = [], ...schema }: Schema, at: string): string[] {
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}/${name}: missing`);
  const others = schema.additionalProperties;
  const each = Object.entries(value).flatMap(([name, member]) => {
    const rule = properties[name] ?? (typeof others === 'object' ? others : undefined);
    if (rule) return schemaComplaints(member, rule, `${at}/${name}`);
    return Object.keys(properties).length ? [`${at}/${name}: undocumented`] : [];
  });
  return [...missing, ...each];
}

/** One schema out of a `$ref` and of all that it is made of. */
function merged(said: Schema): Schema {
  const { allOf = [], ...schema } = resolve<Schema>(said);
  return allOf.map(merged).reduce((one, other) => {
    const names = new Set([...Object.keys(one.properties ?? {}), ...Object.keys(other.properties ?? {})]);
    const properties = [...names].map((name) => {
      const both = [one.properties?.[name], other.properties?.[name]].filter((part) => part !== undefined);
      return [name, both.length > 1 ? { allOf: both } : both[0]] as const;
    });
    return { ...one, ...other, properties: Object.fromEntries(properties) as Record<string, Schema> };
  }, schema);
}

const FORMATS: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: /^https?:\/\/\S+$/,
};

/** A rule is about values of its own type; any other value keeps it. */
const RULES: [keyof Schema, (value: unknown, schema: Schema) => boolean][] = [
  ['type', (value, { type }) => type === undefined || [type].flat().some((one) => isOf(one, value))],
  ['enum', (value, schema) => !schema.enum || schema.enum.includes(value)],
  ['const', (value, schema) => schema.const === undefined || schema.const === value],
  ['format', (value, { format = '' }) => typeof value !== 'string' || (FORMATS[format]?.test(value) ?? true)],
  ['pattern', (value, { pattern = '' }) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value)],
  ['minLength', (value, { minLength = 0 }) => typeof value !== 'string' || [...value].length >= minLength],
  ['maxLength', (value, { maxLength = Infinity }) => typeof value !== 'string' || [...value].length <= maxLength],
  ['minimum', (value, { minimum = -Infinity }) => typeof value !== 'number' || value >= minimum],
  ['maximum', (value, { maximum = Infinity }) => typeof value !== 'number' || value <= maximum],
  ['maxItems', (value, { maxItems = Infinity }) => !Array.isArray(value) || value.length <= maxItems],
];

function isOf(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && value !== null && !Array.isArray(value);
}

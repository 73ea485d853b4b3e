/** One operation of the document: what a method takes, what it answers, and how it fails. */
import { REQUEST_HEADERS, SECURITY } from './about.js';
import {
  headersOf,
  type Method,
  type Operation,
  type Parameter,
  type Response,
  type Schema,
  textLike,
} from './document.js';
import { BODIES, UNHEALTHY } from './examples.js';
import { codesOf } from './failure-codes.js';
import type { Failures } from './failures.js';
import { finishedMember, type Schemas } from './schemas.js';
import { type Answer, isPage, namesIn, type SourceMethod } from './source.js';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** All that is known of an operation. */
export interface Subject {
  path: string;
  method: Method;
  controller: string;
  name: string;
  tag: string;
  /** What Nest makes of it. */
  raw: Operation;
  source: SourceMethod;
}

/** Describes an operation; what it needs of schemas and failing answers is added to theirs. */
export function describeOperation(subject: Subject, schemas: Schemas, failures: Failures): Operation {
  const { name, tag, source } = subject;
  const successes = successesOf(subject, schemas);
  const parameters = parametersOf(subject, '304' in successes);
  const requestBody = source.config.has('bulkLimit') ? ROWS : requestBodyOf(subject, schemas);
  const codes = codesOf(subject, requestBody !== undefined);
  return {
    operationId: name,
    summary: summaryOf(name),
    description: source.comment,
    tags: [tag],
    ...(source.decorators.has('Public') && { security: [] }),
    ...(source.decorators.has('PublicOrBearer') && { security: [{}, ...SECURITY] }),
    ...(parameters.length && { parameters }),
    ...(requestBody && { requestBody }),
    responses: { ...successes, ...failures.of(source, codes) },
  };
}

/** A short name, for lists of operations: `unblockUser` → `Unblock user`. PUT is as partial as PATCH here, and called the same. */
function summaryOf(name: string): string {
  const words = name.replace(/^replace/, 'update').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function parametersOf({ path, raw, source }: Subject, isConditionalRead: boolean): Parameter[] {
  const query = raw.parameters?.filter((parameter) => parameter.in === 'query') ?? [];
  const takes: Record<string, boolean> = {
    'If-None-Match': isConditionalRead,
    'If-Match': source.decorators.has('ConditionalWrite'),
    'Idempotency-Key': source.decorators.has('Idempotent'),
  };
  const headers = Object.entries(REQUEST_HEADERS).filter(([name]) => takes[name]);
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => pathParameter(name)),
    ...query.map(queryParameter),
    ...headers.map(([name, header]): Parameter => ({ name, in: 'header', required: false, ...header })),
  ];
}

/** What path parameters are that aren't the id of what they are called. */
const PATH_PARAMETERS: Record<string, string> = {
  id: 'The id (a UUID, in any case).',
  user_id: 'One’s own id.',
  username: 'The username, in any case.',
  email: 'The e-mail address, in any spelling.',
  provider: 'The name of a provider, as {listProviders} says it.',
};

function pathParameter(name: string): Parameter {
  const schema = finishedMember(name, { type: 'string' });
  const [example] = schema.examples ?? [];
  if (example === undefined) throw new Error(`The path parameter ${name} needs an example.`);
  const kind = name.replace(/_id$/, '').replaceAll('_', ' ');
  const description = PATH_PARAMETERS[name] ?? `The id of the ${kind} (a UUID, in any case).`;
  return { name, in: 'path', required: true, description, schema, example };
}

function queryParameter({ name, description, schema, required }: Parameter): Parameter {
  const isRequired = required === true && schema.default === undefined;
  return { name, in: 'query', required: isRequired, description, schema: finishedMember(name, schema) };
}

/** A file of many rows. */
const ROWS: Operation['requestBody'] = {
  required: true,
  content: {
    'application/x-ndjson': textLike('{"email":"ada@example.com","password_hash":"pbkdf2_sha256$870000$c2FsdA$…"}\n'),
    'text/csv': textLike('email,username,display_name\r\nada@example.com,ada,Ada Lovelace\r\n'),
  },
};

function requestBodyOf({ name, raw, source }: Subject, schemas: Schemas): Operation['requestBody'] {
  const ref = raw.requestBody?.content[JSON_TYPE]?.schema.$ref;
  if (ref === undefined) return undefined;
  const className = ref.replace(/.*\//, '');
  const schema = schemas.get(className);
  const isForm = source.config.has('formMembers');
  if (!isForm) schema.additionalProperties = false; // what else a form holds is ignored
  const bodies = BODIES[name] ?? [Object.keys(schema.properties ?? {})];
  const values = bodies.map((members) => schemas.exampleWith(members, schema));
  const examples = values.map((value) => [BODIES[name] ? Object.keys(value).join('_') : 'example', { value }] as const);
  const content = { schema: schemas.ref(className), examples: Object.fromEntries(examples) };
  const types = source.config.has('oauthErrors') ? [FORM_TYPE, JSON_TYPE] : isForm ? [JSON_TYPE, FORM_TYPE] : [JSON_TYPE]; // prettier-ignore
  return {
    required: isForm || schema.required !== undefined,
    content: Object.fromEntries(types.map((type) => [type, content])),
  };
}

function successesOf(subject: Subject, schemas: Schemas): Record<string, Response> {
  const [usual = '200'] = Object.keys(subject.raw.responses);
  const each = subject.source.answers.map(([status = usual, answer]) => successOf(subject, status, answer, schemas));
  return Object.assign({}, ...each) as Record<string, Response>;
}

function successOf(subject: Subject, status: string, answer: Answer, schemas: Schemas): Record<string, Response> {
  const isVersioned = schemas.isVersioned(answer);
  const { decorators } = subject.source;
  const headers = headersOf([
    'X-Request-Id',
    decorators.has('Idempotent') && 'Idempotency-Replayed',
    isVersioned && 'ETag',
    (isRedirect(status) || (isVersioned && status === '201')) && 'Location',
    isPage(answer) && 'Link',
  ]);
  const told = contentOf(subject, status, answer, schemas);
  const unhealthy = UNHEALTHY[namesIn(answer)[0] ?? ''];
  return {
    [status]: { headers, ...told },
    ...(isVersioned &&
      subject.method === 'get' && { 304: { description: 'What you have is still as it is.', headers } }),
    ...(unhealthy && { 503: { headers, ...told, content: jsonLike(schemas.answer(answer), unhealthy) } }),
  };
}

const isRedirect = (status: string) => status.startsWith('3');

function contentOf({ source }: Subject, status: string, answer: Answer, schemas: Schemas): Response {
  if (answer === 'void') return { description: isRedirect(status) ? 'The way on is in `Location`.' : 'Done.' };
  if (answer === 'StreamableFile') {
    return { description: 'A file, streamed.', content: { [source.mediaType ?? JSON_TYPE]: textLike('id,at\r\n') } };
  }
  const schema = schemas.answer(answer);
  const each = namesIn(answer).map((name) => schemas.get(name).description);
  return {
    description: isPage(answer) ? 'One page of the list.' : each.join('\n\n'),
    content: jsonLike(schema, schemas.example(schema)),
  };
}

const jsonLike = (schema: Schema, value: unknown): Response['content'] => ({
  [JSON_TYPE]: { schema, examples: { example: { value } } },
});

/** One operation of the document: what a method takes, what it answers, and how it fails. */
import { REQUEST_HEADERS, SECURITY } from './about.js';
import { headersOf, type MediaType, type Method, type Operation, type Parameter, type Response, textLike } from './document.js'; // prettier-ignore
import { UNHEALTHY } from './examples.js';
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
  const requestBody = requestBodyOf(subject, schemas);
  return {
    operationId: name,
    summary: summaryOf(name),
    description: source.comment,
    tags: [tag],
    ...(source.decorators.has('Public') && { security: [] }),
    ...(source.decorators.has('PublicOrBearer') && { security: [{}, ...SECURITY] }),
    ...(parameters.length && { parameters }),
    ...(requestBody && { requestBody }),
    responses: { ...successes, ...failures.of(source, codesOf(subject, requestBody !== undefined)) },
  };
}

/** A short name, for lists of operations: `unblockUser` → `Unblock user`. PUT is as partial as PATCH here, and called the same. */
function summaryOf(name: string): string {
  const words = name.replace(/^replace/, 'update').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function parametersOf({ path, raw, source: { decorators } }: Subject, isConditionalRead: boolean): Parameter[] {
  const query = raw.parameters?.filter((parameter) => parameter.in === 'query') ?? [];
  return [
    ...(path.match(/(?<=\{)\w+/g) ?? []).map(pathParameter),
    ...query.map(queryParameter),
    ...(isConditionalRead ? [headerParameter('If-None-Match')] : []),
    ...(decorators.has('ConditionalWrite') ? [headerParameter('If-Match')] : []),
    ...(decorators.has('Idempotent') ? [headerParameter('Idempotency-Key')] : []),
  ];
}

function headerParameter(name: keyof typeof REQUEST_HEADERS): Parameter {
  return { name, in: 'header', required: false, ...REQUEST_HEADERS[name] };
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
  const description = PATH_PARAMETERS[name] ?? `The id of the ${name.replace(/_id$/, '')} (a UUID, in any case).`;
  return { name, in: 'path', required: true, description, schema, example: schema.examples?.[0] };
}

function queryParameter({ name, description, schema, required }: Parameter): Parameter {
  const isRequired = required === true && schema.default === undefined;
  return { name, in: 'query', required: isRequired, description, schema: finishedMember(name, schema) };
}

/** A file of many rows. */
const ROWS: Record<string, MediaType> = {
  'application/x-ndjson': textLike('{"email":"ada@example.com","password_hash":"pbkdf2_sha256$870000$c2FsdA$…"}\n'),
  'text/csv': textLike('email,username,display_name\r\nada@example.com,ada,Ada Lovelace\r\n'),
};

function requestBodyOf({ raw, source }: Subject, schemas: Schemas): Operation['requestBody'] {
  const config = source.decorators.get('RouteConfig') ?? [];
  if (config.includes('bulkLimit')) return { required: true, content: ROWS };
  const name = raw.requestBody?.content[JSON_TYPE]?.schema.$ref?.replace(/.*\//, '');
  if (name === undefined) return undefined;
  const schema = schemas.get(name);
  const content = { schema: schemas.ref(name), examples: schemas.bodies(name) };
  if (!config.includes('formMembers')) {
    schema.additionalProperties = false;
    return { required: schema.required !== undefined, content: { [JSON_TYPE]: content } };
  }
  const isOAuth = config.includes('oauthErrors');
  const types = isOAuth ? [FORM_TYPE, JSON_TYPE] : [JSON_TYPE, FORM_TYPE]; // what else a form holds is ignored
  return { required: true, content: Object.fromEntries(types.map((type) => [type, content])) };
}

function successesOf(subject: Subject, schemas: Schemas): Record<string, Response> {
  const [usual = '200'] = Object.keys(subject.raw.responses);
  const each = subject.source.answers.map(([status = usual, answer]) => successOf(subject, status, answer, schemas));
  return Object.assign({}, ...each) as Record<string, Response>;
}

function successOf(subject: Subject, status: string, answer: Answer, schemas: Schemas): Record<string, Response> {
  const isVersioned = schemas.isVersioned(answer);
  const isRedirect = status.startsWith('3');
  const headers = headersOf([
    'X-Request-Id',
    subject.source.decorators.has('Idempotent') && 'Idempotency-Replayed',
    isVersioned && 'ETag',
    (isRedirect || (isVersioned && status === '201')) && 'Location',
    isPage(answer) && 'Link',
  ]);
  if (isRedirect) return { [status]: { description: 'The way on is in `Location`.', headers } };
  if (answer === 'void') return { [status]: { description: 'Done.', headers } };
  if (answer === 'StreamableFile') return { [status]: { description: 'A file, streamed.', headers, content: fileOf(subject) } }; // prettier-ignore
  const schema = schemas.answer(answer);
  const names = namesIn(answer);
  const each = names.map((name) => schemas.get(name).description);
  const told = (value: unknown): Response => ({
    description: isPage(answer) ? 'One page of the list.' : each.join('\n\n'),
    headers,
    content: { [JSON_TYPE]: { schema, examples: { example: { value } } } },
  });
  const unhealthy = UNHEALTHY[names[0] ?? ''];
  return {
    [status]: told(schemas.example(schema)),
    ...(isVersioned && subject.method === 'get' && { 304: { description: 'What you have is still as it is.', headers } }), // prettier-ignore
    ...(unhealthy && { 503: told(unhealthy) }),
  };
}

/** Of the type that the method's `@Header('content-type', …)` says. */
function fileOf({ source }: Subject): Record<string, MediaType> {
  const type = source.decorators.get('Header')?.find((word) => word.includes('/')) ?? '';
  return { [type.replace(/;.*/, '')]: textLike('id,at\r\n') };
}

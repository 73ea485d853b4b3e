/** One operation of the document: what a method takes, what it answers, and how it fails. */
import type { Type } from '@nestjs/common';
import { type MediaType, type Operation, type Parameter, type Reference, refTo, type Schema } from './document.js';
import { SECURITY } from './about.js';
import { BODIES, UNHEALTHY } from './examples.js';
import type { Handler } from './handlers.js';
import type { FailureResponses } from './failure-responses.js';
import { codesOf } from './problems.js';
import type { SchemaSet } from './schema-set.js';
import { finishMember, limitsOf } from './schemas.js';
import type { AnswerType, SourceMethod } from './source.js';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** What Nest makes of an operation. */
export interface RawOperation {
  /** `Controller.method`, with `[n]` behind it where a method has several paths. */
  operationId: string;
  parameters: Parameter[];
  responses: Record<string, unknown>;
}

/** All that is known of an operation. */
export interface Subject {
  path: string;
  method: string;
  tag: string;
  raw: RawOperation;
  handler: Handler;
  source: SourceMethod;
}

/** Describes an operation; what it needs of schemas and failing answers is added to theirs. */
export function describeOperation(subject: Subject, schemas: SchemaSet, failures: FailureResponses): Operation {
  const { path, tag, handler, source } = subject;
  const parameters = parametersOf(subject);
  const codes = codesOf({
    method: subject.method,
    path,
    decorators: source.decorators,
    throws: source.throws,
    hasBody: handler.body !== undefined || handler.config.bulkLimit !== undefined,
  });
  return {
    operationId: handler.method,
    summary: summaryOf(handler.method),
    description: source.comment,
    tags: [tag],
    ...(source.decorators.has('Public') && { security: [] }),
    ...(source.decorators.has('PublicOrBearer') && { security: [{}, ...SECURITY] }),
    ...(parameters.length && { parameters }),
    ...(handler.body && { requestBody: requestBody(handler, handler.body, schemas) }),
    ...(handler.config.bulkLimit && { requestBody: ROWS }),
    responses: {
      ...successes(subject, schemas),
      ...failures.of(codes, {
        oauth: handler.config.oauthErrors === true,
        isPublic: source.decorators.has('Public') || source.decorators.has('PublicOrBearer'),
        isNavigated: source.decorators.has('UseFilters'),
      }),
    },
  };
}

/** A short name, for lists of operations: `unblockUser` → `Unblock user`. PUT is as partial as PATCH here, and called the same. */
function summaryOf(method: string): string {
  const words = method.replace(/^replace/, 'update').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function parametersOf(subject: Subject): Parameter[] {
  const { path, raw, handler, source } = subject;
  const limits = handler.query ? limitsOf(handler.query) : {};
  const query = raw.parameters.filter((parameter) => parameter.in === 'query');
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => pathParameter(name)),
    ...query.map((parameter) => queryParameter(parameter, limits[parameter.name])),
    ...(isConditionalRead(subject) ? [IF_NONE_MATCH] : []),
    ...(source.decorators.has('ConditionalWrite') ? [IF_MATCH] : []),
    ...(source.decorators.has('Idempotent') ? [IDEMPOTENCY_KEY] : []),
  ];
}

/** What path parameters are. */
const DESCRIPTIONS: Record<string, string> = {
  id: 'The id (a UUID, in any case).',
  user_id: 'One’s own id.',
  username: 'The username, in any case.',
  email: 'The e-mail address, in any spelling.',
  provider: 'The name of a provider, as {listProviders} says it.',
};

function pathParameter(name: string): Parameter {
  const schema = finishMember(name, { type: 'string' });
  const [example] = schema.examples ?? [];
  if (example === undefined) throw new Error(`The path parameter ${name} needs an example.`);
  return {
    name,
    in: 'path',
    required: true,
    description:
      DESCRIPTIONS[name] ?? `The id of the ${name.replace(/_id$/, '').replaceAll('_', ' ')} (a UUID, in any case).`,
    schema,
    example,
  };
}

function queryParameter({ name, description, schema, required }: Parameter, limits: Schema = {}): Parameter {
  const isRequired = required && schema.default === undefined;
  return { name, in: 'query', required: isRequired, description, schema: finishMember(name, { ...schema, ...limits }) };
}

/** A file of many rows. */
const ROWS: Operation['requestBody'] = {
  required: true,
  content: {
    'application/x-ndjson': {
      schema: { type: 'string' },
      examples: { rows: { value: '{"email":"ada@example.com","password_hash":"pbkdf2_sha256$870000$c2FsdA$…"}\n' } },
    },
    'text/csv': {
      schema: { type: 'string' },
      examples: { rows: { value: 'email,username,display_name\r\nada@example.com,ada,Ada Lovelace\r\n' } },
    },
  },
};
const ETAG: Schema = { type: 'string', examples: ['"3-Zm9vYmFyYmF6"'] };
const IF_MATCH: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of what was read: nothing is written when it has been changed since.',
  schema: ETAG,
};
const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Anything that no other request has, such as a UUID. Sent again within 24 hours with the same body, a request that was done is not done again, and answered as it was.',
  schema: { type: 'string', maxLength: 255, examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'] },
};
const IF_NONE_MATCH: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of what is known already: answered with 304 while it still holds.',
  schema: ETAG,
};

function requestBody({ method, config }: Handler, body: Type<object>, schemas: SchemaSet): Operation['requestBody'] {
  const schema = schemas.get(body.name);
  if (!config.formMembers) schema.additionalProperties = false; // what else a form holds is ignored
  const bodies = BODIES[method] ?? { 'an example': schemas.example(schema, { optional: true }) };
  const examples = Object.entries(bodies).map(([summary, value]) => [camelCase(summary), { summary, value }] as const);
  const content = { schema: schemas.ref(body.name), examples: Object.fromEntries(examples) };
  return {
    required: schema.required !== undefined || config.formMembers !== undefined,
    content: Object.fromEntries(bodyTypes(config).map((type) => [type, content])),
  };
}

function bodyTypes({ formMembers, oauthErrors }: Handler['config']): string[] {
  if (!formMembers) return [JSON_TYPE];
  return oauthErrors ? [FORM_TYPE, JSON_TYPE] : [JSON_TYPE, FORM_TYPE];
}

/** A file that is written while it is read, so as long as it has to be. */
const streamed = ({ handler }: Subject, headers: Record<string, Reference>) => ({
  description: 'A file, streamed.',
  headers,
  content: {
    [handler.produces ?? 'application/octet-stream']: {
      schema: { type: 'string' },
      examples: { aFile: { value: 'id,at\r\n' } },
    },
  },
});

function successes(subject: Subject, schemas: SchemaSet): Operation['responses'] {
  const { answer, answers } = subject.source;
  if (answers.length) {
    const each = answers.map(([status, name]) =>
      success(subject, schemas, {
        status,
        answer: {
          names: name === 'nothing' ? [] : [name],
          isPage: false,
          isResource: subject.source.versioned.has(name),
        },
      }),
    );
    return Object.assign({}, ...each) as Operation['responses'];
  }
  const [status = '200'] = Object.keys(subject.raw.responses);
  return success(subject, schemas, { status, answer });
}

function success(
  subject: Subject,
  schemas: SchemaSet,
  { status, answer }: { status: string; answer: AnswerType },
): Operation['responses'] {
  const headers = headersOf([
    'X-Request-Id',
    subject.source.decorators.has('Idempotent') && 'Idempotency-Replayed',
    answer.isResource && 'ETag',
    answer.isResource && status === '201' && 'Location',
    answer.isPage && 'Link',
  ]);
  const [name] = answer.names;
  if (name === undefined && status.startsWith('3')) return { [status]: leading(headers) };
  if (name === undefined) return { [status]: { description: 'Done.', headers } };
  if (name === 'StreamableFile') return { [status]: streamed(subject, headers) };
  const schema = schemas.answer(answer);
  const description = answer.isPage ? 'One page of the list.' : answer.names.map((one) => schemas.get(one).description).join('\n\n'); // prettier-ignore
  const answering = (value: unknown) => ({ description, headers, content: { [JSON_TYPE]: contentOf(schema, value) } });
  return {
    [status]: answering(schemas.example(schema)),
    ...(isConditionalRead(subject) && { 304: { description: 'What you have is still as it is.', headers } }),
    ...(UNHEALTHY[name] && { 503: answering(UNHEALTHY[name]) }),
  };
}

/** A redirect. */
const leading = (headers: Record<string, Reference>) => ({
  description: 'The way on is in `Location`.',
  headers: { ...headers, ...headersOf(['Location']) },
});

const contentOf = (schema: Schema, value: unknown): MediaType => ({ schema, examples: { example: { value } } });

const isConditionalRead = ({ method, source }: Subject) => method === 'get' && source.answer.isResource;

function headersOf(names: (string | false)[]): Record<string, Reference> {
  return Object.fromEntries(names.filter((name) => name !== false).map((name) => [name, refTo('headers', name)]));
}

/** `the e-mail address` → `theEMailAddress`. */
const camelCase = (text: string): string => text.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase());

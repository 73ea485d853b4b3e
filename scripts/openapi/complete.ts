/** Makes the whole document out of what the plugin, the decorators and the source say. */
import type { Type } from '@nestjs/common';
import { HEADERS, info, SECURITY, SECURITY_SCHEMES, SERVERS } from './about.js';
import type { Method, OpenApi, Operation, Schema } from './document.js';
import type { Handler } from './handlers.js';
import { describeOperation, type RawOperation } from './operations.js';
import { FailureResponses } from './failure-responses.js';
import { SchemaSet } from './schema-set.js';
import type { SourceClass } from './source.js';

/** What a newcomer looks for first. What stands in neither list comes between them, in the order of the alphabet. */
const FIRST_TAGS = ['Sign in', 'Sessions', 'Users', 'User sessions', 'Posts', 'Tasks'];
const LAST_TAGS = ['Audit', 'Keys', 'Health'];

/** What Nest makes of the application: its paths, and a schema for each class. */
export interface RawDocument {
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
}

/** What is known of the application. */
export interface Knowledge {
  raw: RawDocument;
  handlers: Map<string, Handler>;
  classes: Map<string, SourceClass>;
  dtos: Map<string, Type<object>>;
}

/** An operation and where it stands. */
interface Entry {
  path: string;
  method: Method;
  controller: string;
  operation: Operation;
}

/** The document. @throws Error when something has no comment or no example, or when a table speaks of what isn't there */
export function completeDocument(knowledge: Knowledge): OpenApi {
  const failures = new FailureResponses();
  const schemas = new SchemaSet({
    raw: knowledge.raw.components.schemas,
    dtos: knowledge.dtos,
    commentOn: (name) => classOf(knowledge, name).comment,
    requests: new Set([...knowledge.handlers.values()].flatMap(({ body }) => body?.name ?? [])),
  });
  const entries = entriesOf(knowledge, schemas, failures);
  const controllers = [...new Set(entries.map(({ controller }) => controller))];
  const paths: OpenApi['paths'] = {};
  for (const { path, method, operation } of entries) paths[path] = { ...paths[path], [method]: operation };
  return {
    openapi: '3.1.0',
    info: info((name) => linkTo(name, entries)),
    servers: SERVERS,
    security: SECURITY,
    tags: controllers.map((name) => ({ name: tagOf(name), description: classOf(knowledge, name).comment })),
    paths,
    components: {
      schemas: sorted(schemas.usedBy([paths, failures.components])),
      responses: sorted(failures.components),
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function entriesOf(knowledge: Knowledge, schemas: SchemaSet, failures: FailureResponses): Entry[] {
  const entries = Object.entries(knowledge.raw.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, raw]): Entry[] => {
      const handler = knowledge.handlers.get(raw.operationId.replace(/\[0\]$/, ''));
      if (!handler) return []; // further paths of a method are for older clients, and not for new ones
      const { controller } = handler;
      const source = classOf(knowledge, controller).methods.get(handler.method);
      if (!source) throw new Error(`There is no ${controller}.${handler.method} in the source`);
      const subject = { path, method, tag: tagOf(controller), raw, handler, source };
      return [{ path, method: method as Method, controller, operation: describeOperation(subject, schemas, failures) }];
    }),
  );
  const tags = orderOf(entries.map(({ controller }) => tagOf(controller)));
  const rankOf = ({ controller }: Entry) => tags.indexOf(tagOf(controller));
  return entries.sort((one, other) => rankOf(one) - rankOf(other));
}

/** Where Swagger UI shows an operation. @throws Error when there is none of this name */
function linkTo(name: string, entries: Entry[]): string {
  const entry = entries.find(({ operation }) => operation.operationId === name);
  if (!entry) throw new Error(`There is no operation ${name}`);
  return `#/${encodeURIComponent(tagOf(entry.controller))}/${name}`;
}

function orderOf(tags: string[]): string[] {
  const others = [...new Set(tags)].filter((tag) => !FIRST_TAGS.includes(tag) && !LAST_TAGS.includes(tag));
  return [...FIRST_TAGS, ...others.sort(), ...LAST_TAGS];
}

function classOf({ classes }: Knowledge, name: string): SourceClass {
  const found = classes.get(name);
  if (!found?.comment) throw new Error(`The class ${name} needs a doc comment.`);
  return found;
}

/** Where the class isn't called what its readers would call it. */
const TAGS: Record<string, string> = { JwksController: 'Keys' };

/** `UserSessionsController` → `User sessions`. */
const tagOf = (controller: string): string =>
  TAGS[controller] ??
  controller.replace(/Controller$/, '').replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));

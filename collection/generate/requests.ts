/** The story, told with what openapi.json says of each operation. */
import { type Folder, LEFT_OUT, type Step, STORY, TOLD_LAST } from './story.ts';

/** As much of an OpenAPI document as is of use here. */
export interface OpenApi {
  info: { title: string };
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: unknown[];
  parameters?: {
    name: string;
    in: string;
    description?: string;
    schema?: { examples?: unknown[]; default?: unknown };
  }[];
  requestBody?: { content: Record<string, { examples?: Record<string, { value: Record<string, unknown> }> }> };
  responses: Record<string, unknown>;
}

/** A request, ready to be written in any format. Values may hold `{{variables}}`. */
export interface Request {
  id: string;
  name: string;
  description: string;
  method: string;
  /** `/api/posts/{{post_id}}` */
  path: string;
  auth: 'none' | 'user' | 'admin';
  query: Parameter[];
  headers: Parameter[];
  body?: { type: 'json' | 'form'; value: Record<string, unknown> };
  /** The status of its success. */
  status: number;
  keep: Record<string, string>;
}

export interface Parameter {
  name: string;
  value: string;
  description: string;
  /** Whether it is sent; else it is only shown. */
  sent: boolean;
}

/** An operation and where it stands. */
interface Entry {
  path: string;
  method: string;
  operation: Operation;
}

/** @throws when the story names an operation that isn't there, or tells only some of those of a tag */
export function requests(document: OpenApi): { folder: Folder; requests: Request[] }[] {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ path, method, operation })),
  );
  const operations = new Map(entries.map((entry) => [entry.operation.operationId, entry]));
  return completeStory(entries).map((folder) => ({
    folder,
    requests: folder.steps.map((step) => {
      const found = operations.get(step.operation);
      if (!found) throw new Error(`openapi.json has no operation ${step.operation}`);
      return request(step, found.path, found.method, found.operation);
    }),
  }));
}

/** The story, and before its end a folder for each tag that it doesn't speak of: what a new feature begins with. */
function completeStory(entries: Entry[]): Folder[] {
  const told = new Set([
    ...STORY.flatMap(({ steps }) => steps.map((step) => step.operation)),
    ...Object.values(LEFT_OUT).flat(),
  ]);
  const tagOf = ({ operation }: Entry) => operation.tags[0] ?? '';
  const untold = entries.filter(({ operation }) => !told.has(operation.operationId));
  const known = new Set(entries.filter(({ operation }) => told.has(operation.operationId)).map(tagOf));
  const missing = untold.filter((entry) => known.has(tagOf(entry))).map(({ operation }) => operation.operationId);
  if (missing.length) throw new Error(`generate/story.ts has no step for ${missing.join(', ')}`);
  const fresh = [...new Set(untold.map(tagOf))].map((tag) => featureFolder(tag, untold.filter((entry) => tagOf(entry) === tag))); // prettier-ignore
  return [
    ...STORY.filter(({ name }) => !TOLD_LAST.has(name)),
    ...fresh,
    ...STORY.filter(({ name }) => TOLD_LAST.has(name)),
  ];
}

const ORDER = ['post', 'get', 'put', 'patch', 'delete'];

/** Adds a row, does with it what can be done, deletes it: the id that adding answers is the `{id}` of the others. */
function featureFolder(tag: string, entries: Entry[]): Folder {
  const id = `${tag.toLowerCase().replaceAll(' ', '_').replace(/s$/, '')}_id`;
  const sorted = entries.toSorted((one, other) => ORDER.indexOf(one.method) - ORDER.indexOf(other.method));
  const steps = sorted.map(({ path, method, operation }): Step => ({
    operation: operation.operationId,
    path: { id: `{{${id}}}` },
    ...(method === 'post' && !path.includes('{id}') && { keep: { [id]: 'id' } }),
  }));
  return { name: tag, description: `${tag}, by their operations.`, steps };
}

function request(step: Step, path: string, method: string, operation: Operation): Request {
  const parameters = operation.parameters ?? [];
  const listed = (where: string, values: Record<string, string> = {}): Parameter[] =>
    parameters
      .filter((parameter) => parameter.in === where)
      .map(({ name, description = '', schema }) => ({
        name,
        value: values[name] ?? String(schema?.examples?.[0] ?? schema?.default ?? ''),
        description,
        sent: name in values,
      }));
  return {
    id: step.id ?? step.operation,
    name: step.name ?? operation.summary,
    description: operation.description ?? '',
    method: method.toUpperCase(),
    path: path.replace(/\{(\w+)\}/g, (_, name: string) => step.path?.[name] ?? `{{${name}}}`),
    auth: operation.security?.length === 0 ? 'none' : (step.as ?? 'user'),
    query: listed('query', step.query),
    headers: listed('header'),
    body: bodyOf(step, operation),
    status: Number(Object.keys(operation.responses).find((status) => status.startsWith('2'))),
    keep: step.keep ?? {},
  };
}

/** The media type that the document names first is the one that it prefers. */
function bodyOf(step: Step, { requestBody }: Operation): Request['body'] {
  const [media] = Object.entries(requestBody?.content ?? {});
  if (!media) return undefined;
  const [type, { examples = {} }] = media;
  const value = step.body ?? Object.values(examples)[0]?.value;
  if (!value) throw new Error(`${step.operation} has a body, but no example of one`);
  return { type: type === 'application/json' ? 'json' : 'form', value };
}

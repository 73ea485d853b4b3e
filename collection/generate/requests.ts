/** The story, told with what openapi.json says of each operation. */
import { type Folder, LEFT_OUT, type Step, STORY } from './story.ts';

/** As much of an OpenAPI document as is of use here. */
export interface OpenApi {
  info: { title: string };
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
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

/** @throws when the story leaves out an operation of the document, or names one that isn't there */
export function requests(document: OpenApi): { folder: Folder; requests: Request[] }[] {
  const operations = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [operation.operationId, { path, method, operation }]),
    ),
  );
  const told = new Set([
    ...STORY.flatMap(({ steps }) => steps.map((step) => step.operation)),
    ...Object.values(LEFT_OUT).flat(),
  ]);
  const untold = [...operations.keys()].filter((id) => !told.has(id));
  if (untold.length) throw new Error(`generate/story.ts has no step for ${untold.join(', ')}`);

  return STORY.map((folder) => ({
    folder,
    requests: folder.steps.map((step) => {
      const found = operations.get(step.operation);
      if (!found) throw new Error(`openapi.json has no operation ${step.operation}`);
      return request(step, found.path, found.method, found.operation);
    }),
  }));
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

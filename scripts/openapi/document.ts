/** The parts of OpenAPI 3.1 that the document is made of: the library's types, with what is always there. */
import type { OperationObject, ParameterObject, ReferenceObject, ResponseObject, SchemaObject } from '@nestjs/swagger';

/** A JSON Schema, or a `$ref` to one. */
export interface Schema extends SchemaObject {
  $ref?: string;
  const?: unknown;
  examples?: unknown[];
  allOf?: Schema[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
}

/** A `$ref`; the description is in place of that of what it refers to (OpenAPI 3.1). */
export type Reference = ReferenceObject & { description?: string };

export interface MediaType {
  schema: Schema;
  examples: Record<string, { value: unknown }>;
}

export interface Response extends ResponseObject {
  headers?: Record<string, Reference>;
  content?: Record<string, MediaType>;
}

export type Parameter = ParameterObject & { schema: Schema };

export interface Operation extends OperationObject {
  operationId: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, MediaType> };
  responses: Record<string, Response | Reference>;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface OpenApi {
  openapi: string;
  info: object;
  servers: object[];
  security: Record<string, string[]>[];
  tags: { name: string; description: string }[];
  paths: Record<string, Partial<Record<Method, Operation>>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    headers: Record<string, { description: string; schema: Schema }>;
    securitySchemes: Record<string, object>;
  };
}

/** Points at a part of the document's components. */
export const refTo = (kind: keyof OpenApi['components'], name: string): Reference => ({
  $ref: `#/components/${kind}/${name}`,
});

/** Refers to these headers of the document. */
export const headersOf = (names: (string | false)[]): Record<string, Reference> =>
  Object.fromEntries(names.filter((name) => name !== false).map((name) => [name, refTo('headers', name)]));

/** A text that is no JSON, and what it may look like. */
export const textLike = (value: string): MediaType => ({
  schema: { type: 'string' },
  examples: { example: { value } },
});

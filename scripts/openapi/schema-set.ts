import type { Type } from '@nestjs/common';
import { type Reference, refTo, type Schema } from './document.js';
import { exampleOf } from './examples.js';
import { finishSchema, OTHER_SCHEMAS, pageSchema } from './schemas.js';
import type { AnswerType } from './source.js';

/** What the schemas are made of: what Nest made of each class, the class itself, and its doc comment. */
export interface SchemaSources {
  raw: Record<string, Schema>;
  dtos: Map<string, Type<object>>;
  commentOn: (name: string) => string;
  /** The classes that are read from bodies. */
  requests: Set<string>;
}

/** The schemas of the document, by the names that the API has for them. */
export class SchemaSet {
  private readonly schemas: Record<string, Schema> = { ...OTHER_SCHEMAS };

  constructor(private readonly sources: SchemaSources) {
    const { raw, dtos, commentOn } = sources;
    for (const [name, schema] of Object.entries(raw)) {
      this.schemas[this.nameOf(name)] = this.renamed(finishSchema(schema, commentOn(name), dtos.get(name)));
    }
  }

  /** The schema of a class. @throws Error when there is none */
  get(name: string): Schema {
    return this.resolve(this.ref(name).$ref);
  }

  /** Points at the schema of a class. */
  ref(name: string): Reference {
    return refTo('schemas', this.nameOf(name));
  }

  /** The schema of an answer; the first page of something makes the schema of its pages. */
  answer({ names, isPage, alternatives }: Omit<AnswerType, 'isResource'>): Schema {
    if (alternatives) return { anyOf: alternatives.map((one) => this.answer(one)) };
    const schemas = names.map((name) => this.ref(name));
    const schema = schemas.length === 1 ? { ...schemas[0] } : { anyOf: schemas };
    if (!isPage) return schema;
    const name = `${this.nameOf(names[0] ?? '')}Page`;
    this.schemas[name] ??= pageSchema(this.get('Page'), schema);
    return refTo('schemas', name);
  }

  /** What a value looks like; `optional` members are left out unless asked for. */
  example(schema: Schema, options?: { optional: boolean }): unknown {
    return exampleOf(schema, (ref) => this.resolve(ref), options);
  }

  /** The schemas that something points at, by name. */
  usedBy(document: unknown): Record<string, Schema> {
    const used = new Map<string, Schema>();
    const follow = (value: unknown): void => {
      for (const [, ref = ''] of JSON.stringify(value).matchAll(/"(#\/components\/schemas\/\w+)"/g)) {
        if (used.has(ref)) continue;
        used.set(ref, this.resolve(ref));
        follow(used.get(ref));
      }
    };
    follow(document);
    return Object.fromEntries([...used].map(([ref, schema]) => [lastOf(ref), schema]));
  }

  private resolve(ref: string): Schema {
    const schema = this.schemas[lastOf(ref)];
    if (!schema) throw new Error(`There is no schema ${ref}`);
    return schema;
  }

  /** A class is called what the API calls it: `UserDto` is `User`, and what is read from a body is a request. */
  private nameOf(name: string): string {
    return name.replace(/Dto$/, this.sources.requests.has(name) ? 'Request' : '');
  }

  private renamed(schema: Schema): Schema {
    const rename = (_: string, name: string) => JSON.stringify(this.ref(name).$ref);
    return JSON.parse(JSON.stringify(schema).replace(/"#\/components\/schemas\/(\w+)"/g, rename)) as Schema;
  }
}

const lastOf = (ref: string) => ref.replace(/.*\//, '');

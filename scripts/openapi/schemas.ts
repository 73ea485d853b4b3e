/** The shapes of what goes over the wire, by the names that the API has for them. */
import { isUuid } from '../../src/http/fields.js';
import { type MediaType, type OpenApi, type Reference, refTo, type Schema } from './document.js';
import { exampleOfMember } from './examples.js';
import { type Answer, isPage, namesIn, type SourceClass } from './source.js';

/** The schemas of the document. */
export class Schemas {
  private readonly schemas: Record<string, Schema> = {};
  /** The classes that are read from bodies. */
  private readonly requests: Set<string>;

  /** @param raw what Nest has made of each class */
  constructor(
    raw: OpenApi,
    private readonly classes: Map<string, SourceClass>,
  ) {
    const operations = Object.values(raw.paths).flatMap((methods) => Object.values(methods));
    this.requests = new Set(operations.flatMap(({ requestBody }) => refsIn(requestBody ?? {})));
    for (const [name, { properties = {}, ...schema }] of Object.entries(raw.components.schemas)) {
      schema.description ??= classes.get(name)?.comment;
      const members = Object.entries(properties).map(([key, member]) => [key, finishedMember(key, member)] as const);
      if (members.length) Object.assign(schema, { properties: Object.fromEntries(members) });
      this.schemas[this.nameOf(name)] = this.renamed(schema);
    }
    const { properties } = this.get('ProblemDto');
    Object.assign(properties ?? {}, this.get('ImportDto').properties); // what an import_failed says
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
  answer(answer: Answer): Schema {
    if (typeof answer === 'string') return this.ref(answer);
    if ('anyOf' in answer) return { anyOf: answer.anyOf.map((one) => this.answer(one)) };
    const { properties, required = [], ...page } = this.get('Page');
    const items = { type: 'array', items: this.answer(answer.page) };
    const name = `${this.nameOf(namesIn(answer)[0] ?? '')}Page`;
    this.schemas[name] ??= { ...page, properties: { items, ...properties }, required: ['items', ...required] };
    return refTo('schemas', name);
  }

  /** Whether an answer is one thing with a version: it gets an ETag, and a Location when new. */
  isVersioned(answer: Answer): boolean {
    return !isPage(answer) && namesIn(answer).some((name) => this.classes.get(name)?.isVersioned);
  }

  /** What a whole value of this schema looks like, without what may be left out. */
  example(schema: Schema): unknown {
    if (schema.examples) return schema.examples[0];
    if (schema.$ref !== undefined) return this.example(this.resolve(schema.$ref));
    if (schema.default !== undefined) return schema.default;
    if (schema.enum) return schema.enum[0];
    if (schema.anyOf?.[0]) return this.example(schema.anyOf[0]);
    if (schema.items) return [this.example(schema.items)];
    return schema.type === 'object' ? this.exampleWith(schema.required ?? [], schema.properties ?? {}) : undefined;
  }

  /** Bodies of this class, named after their members: those worth showing, or one with all members. */
  bodies(name: string): MediaType['examples'] {
    const { properties = {} } = this.get(name);
    const bodies = this.classes.get(name)?.bodies ?? [];
    if (!bodies.length) return { example: { value: this.exampleWith(Object.keys(properties), properties) } };
    const values = bodies.map((members) => this.exampleWith(members.match(/[\w=]+/g) ?? [], properties));
    return Object.fromEntries(values.map((value) => [Object.keys(value).join('_'), { value }]));
  }

  /** What a value with these members looks like; `name=text` gives a member's own. */
  private exampleWith(members: string[], properties: Record<string, Schema>): object {
    const pairs = members.map((member) => {
      const [name = '', text] = member.split('=');
      return [name, text ?? this.example(properties[name] ?? {})] as const;
    });
    return Object.fromEntries(pairs);
  }

  /** The schemas that something points at, by name. */
  usedBy(document: object, used: Record<string, Schema> = {}): Record<string, Schema> {
    for (const name of refsIn(document)) {
      if (used[name]) continue;
      used[name] = this.resolve(name);
      this.usedBy(used[name], used);
    }
    return used;
  }

  private resolve(ref: string): Schema {
    const schema = this.schemas[ref.replace(/.*\//, '')];
    if (!schema) throw new Error(`There is no schema ${ref}`);
    return schema;
  }

  /** A class is called what the API calls it: `UserDto` is `User`, and what is read from a body is a request. */
  private nameOf(name: string): string {
    return name.replace(/Dto$/, this.requests.has(name) ? 'Request' : '');
  }

  private renamed(schema: Schema): Schema {
    const rename = (_: string, name: string) => JSON.stringify(this.ref(name).$ref);
    return JSON.parse(JSON.stringify(schema).replace(SCHEMA_REF, rename)) as Schema;
  }
}

const SCHEMA_REF = /"#\/components\/schemas\/(\w+)"/g;

/** The names of the schemas that something points at. */
const refsIn = (part: object): string[] => [...JSON.stringify(part).matchAll(SCHEMA_REF)].map(([, name = '']) => name);

/** Completes what Nest made of a member or a parameter: its format, its numbers, its example. */
export function finishedMember(name: string, { example, allOf = [], ...rest }: Schema): Schema {
  const schema = { ...rest, ...allOf[0] }; // a `$ref` with something beside it, for OpenAPI 3.0
  const [type] = [schema.type].flat();
  const isForeign = typeof example === 'string' && formatOf(name) === 'uuid' && !isUuid(example); // an id of somebody else's
  const format = schema.format ?? (type === 'string' && !schema.enum && !isForeign ? formatOf(name) : undefined);
  const member: Schema = { ...schema, ...(format && { format }) };
  const isNamed = ['$ref', 'anyOf', 'enum'].some((key) => key in member); // its example is that of what it is
  const known: unknown = example === undefined && !isNamed ? exampleOfMember(name, member) : example;
  return known === undefined ? member : { ...member, examples: [known] };
}

function formatOf(name: string): string | undefined {
  if (name !== 'request_id' && /(?:^|_)(?:id|by)$/.test(name)) return 'uuid';
  if (name.endsWith('_url')) return 'uri';
  if (name.endsWith('password')) return 'password';
  return name === 'email' ? 'email' : undefined;
}

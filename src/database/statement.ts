import { createHash } from 'node:crypto';

/** A hand-written statement. With a name it is prepared once per connection; without, it is planned for its values. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  /** Concurrency is limited per topic; several topics are joined by `+`. */
  readonly topic?: string;
}

/**
 * A named statement: `topic.what`. A digest of the text is appended, as behind a pooler processes of two versions may share
 * a connection and its prepared statements.
 * @param topic if it differs from the first part of the name: the table that may be locked while most statements don't need
 * it
 */
export function statement(name: string, text: string, topic = name.split('.')[0] ?? name): Statement {
  const digest = createHash('sha1').update(text).digest('base64url').slice(0, 10);
  return { name: `${name}.${digest}`, text, topic };
}

/** A statement planned for its values, such as a search: the best index depends on how rare the term is. */
export const unnamedStatement = (text: string, topic = topicOf(text)): Statement => ({ text, topic });

/** A statement that must write a row in the transaction of a change; if it doesn't, the transaction is rolled back. */
export interface Companion {
  readonly statement: Statement;
  readonly values: unknown[];
  /** Thrown when it wrote no row. */
  readonly otherwise: Error;
  /** Called after the commit. */
  readonly done?: () => void;
}

const composed = new Map<string, Statement>();

/** A statement composed of a limited choice of parts; its name is a digest of the text. */
export function composedStatement(text: string, topic = topicOf(text)): Statement {
  const known = composed.get(text) ?? statement(`${topic}.composed`, text);
  composed.set(text, known);
  return known;
}

/** The first table in a statement. */
const topicOf = (text: string) => /\b(?:UPDATE|INTO|FROM)\s+(\w+)/.exec(text)?.[1] ?? OTHER;

/** The topic of statements without a table. */
export const OTHER = 'other';

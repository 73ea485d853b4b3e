import { createHash } from 'node:crypto';

/** A statement written by hand. Named, a connection parses it once; without a name it is planned for its very values. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  /** What it is about: statements of one topic are admitted within a bound of their own. Several, with `+` between them. */
  readonly topic?: string;
}

/**
 * Names a statement: `topic.what`. Connections remember statements by their names, so a digest of the text is part of it:
 * behind a pooler, processes of two versions may share a connection.
 * @param topic when it is another one than the name says: that of the table that may be locked, though most can do without it
 */
export function statement(name: string, text: string, topic = name.split('.')[0] ?? name): Statement {
  const digest = createHash('sha1').update(text).digest('base64url').slice(0, 10);
  return { name: `${name}.${digest}`, text, topic };
}

/** A statement that is planned for its very values, as a search is: how rare it is what is searched for decides on the index. */
export const unnamedStatement = (text: string, topic = topicOf(text)): Statement => ({ text, topic });

/** A statement that must write a row in the transaction of another; if it doesn't, neither has happened. */
export interface Companion {
  readonly statement: Statement;
  readonly values: unknown[];
  /** What is thrown when it wrote no row. */
  readonly otherwise: Error;
  /** Called once both are committed. */
  readonly done?: () => void;
}

const composed = new Map<string, Statement>();

/** A statement put together from a bounded choice of parts, named so that the same text gets the same name. */
export function composedStatement(text: string, topic = topicOf(text)): Statement {
  const known = composed.get(text) ?? statement(`${topic}.composed`, text);
  composed.set(text, known);
  return known;
}

/** The table that a statement writes or reads first. */
const topicOf = (text: string) => /\b(?:UPDATE|INTO|FROM)\s+(\w+)/.exec(text)?.[1] ?? OTHER;

/** What a statement is about that names no table. */
export const OTHER = 'other';

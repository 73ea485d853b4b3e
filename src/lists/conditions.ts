/** The conditions of a WHERE clause; each `$` stands for the next value. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly texts: string[] = [];

  add(text: string, ...values: unknown[]): void {
    const [first = '', ...others] = text.split('$');
    this.texts.push(first + others.map((part, i) => this.value(values[i]) + part).join(''));
  }

  /** Adds a value and returns its placeholder. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  get where(): string {
    return this.texts.length ? `WHERE ${this.texts.join(' AND ')}` : '';
  }
}

/** A LIKE pattern that finds the text anywhere, taking its wildcards literally. */
export const containing = (text: string) => `%${literally(text)}%`;

/** A LIKE pattern that finds what begins with the text. */
export const beginningWith = (text: string) => `${literally(text)}%`;

/** Whether a search text has no trigram: only what begins with it is looked for, by an index of its own. */
export const isShort = (text: string) => [...text].length < 3;

const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/** What an UPDATE sets, and when that makes a difference to the row `old`. */
export interface Assignments {
  assignments: string;
  differs: string;
  values: unknown[];
}

/**
 * What an UPDATE sets: those of the columns that the changes name.
 * @param values the statement's values so far, to which those of the changes are added
 */
export function assignmentsOf<Changes extends object>(
  changes: Changes,
  columns: readonly (keyof Changes & string)[],
  values: unknown[],
): Assignments {
  const all = [...values];
  const named = columns.filter((column) => changes[column] !== undefined);
  const placeholders = named.map((column) => [column, `$${all.push(changes[column])}`] as const);
  return {
    assignments: placeholders.map(([column, value]) => `${column} = ${value}`).join(', '),
    differs: placeholders.map(([column, value]) => `old.${column} IS DISTINCT FROM ${value}`).join(' OR ') || 'false',
    values: all,
  };
}

/** Which row to change, and how. */
export interface Update extends Pick<Assignments, 'assignments' | 'differs'> {
  table: string;
  /** Finds the row, by its own columns. */
  where: string;
}

/**
 * The CTEs of an UPDATE that leaves a row as it is, version, time of change and all, when nothing in it would differ:
 * `old` is the row before, locked; `changed` the new row, if there is a new one; `current` the row as it is now. The row
 * under the UPDATE is `t`.
 */
export const changing = ({ table, where, assignments, differs }: Update): string =>
  `old AS (SELECT * FROM ${table} WHERE ${where} FOR NO KEY UPDATE),
   changed AS (
     UPDATE ${table} t SET ${[assignments, 'version = t.version + 1', 'updated_at = now()'].filter(Boolean).join(', ')}
     FROM old WHERE t.id = old.id AND (${differs}) RETURNING t.*),
   current AS (SELECT * FROM changed UNION ALL SELECT * FROM old WHERE NOT EXISTS (SELECT FROM changed))`;

/** The condition that a row has one of the versions that this placeholder stands for (`If-Match`); none given: any. */
export const hasVersion = (placeholder: `$${number}`): string =>
  `(${placeholder}::int[] IS NULL OR version = ANY (${placeholder}))`;

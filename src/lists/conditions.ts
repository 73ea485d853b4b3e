/** The conditions of a WHERE clause; each `$` is replaced by the placeholder of the next value. */
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

/** A LIKE pattern for texts that contain the term, with its wildcards escaped. */
export const containing = (text: string) => `%${literally(text)}%`;

/** A LIKE pattern for texts that begin with the term, with its wildcards escaped. */
export const beginningWith = (text: string) => `${literally(text)}%`;

/** Whether a term is too short for trigrams: then only prefixes are searched, by another index. */
export const isShort = (text: string) => [...text].length < 3;

const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/** The SET clause of an UPDATE, and the condition that it changes row `old`. */
export interface Assignments {
  columns: string[];
  assignments: string;
  differs: string;
  values: unknown[];
}

/**
 * The SET clause for those columns that the changes contain.
 * @param values the statement's values so far; those of the changes are appended
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
    columns: named,
    assignments: placeholders.map(([column, value]) => `${column} = ${value}`).join(', '),
    differs: placeholders.map(([column, value]) => `old.${column} IS DISTINCT FROM ${value}`).join(' OR ') || 'false',
    values: all,
  };
}

/** The UPDATE of one row. */
export interface Update extends Pick<Assignments, 'assignments' | 'differs'> {
  table: string;
  /** The condition that finds the row. */
  where: string;
}

/**
 * CTEs of an UPDATE that does nothing (keeps version and `updated_at`) if no value would change: `old` is the locked row
 * before; `changed` the new row, if any; `current` the row as it is now. The UPDATE's alias is `t`.
 */
export const changing = ({ table, where, assignments, differs }: Update): string =>
  `old AS (SELECT * FROM ${table} WHERE ${where} FOR NO KEY UPDATE),
   changed AS (
     UPDATE ${table} t SET ${[assignments, 'version = t.version + 1', 'updated_at = now()'].filter(Boolean).join(', ')}
     FROM old WHERE t.id = old.id AND (${differs}) RETURNING t.*),
   current AS (SELECT * FROM changed UNION ALL SELECT * FROM old WHERE NOT EXISTS (SELECT FROM changed))`;

/** Condition: the row has one of the versions of `If-Match`, passed by this placeholder; null accepts any. */
export const hasVersion = (placeholder: `$${number}`): string =>
  `(${placeholder}::int[] IS NULL OR version = ANY (${placeholder}))`;

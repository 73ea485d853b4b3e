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
export const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * What an UPDATE sets: those of the columns that the changes name, the version and the time of the change.
 * @param values the statement's values so far, to which those of the changes are added
 */
export function assignmentsOf<Changes extends object>(
  changes: Changes,
  columns: readonly (keyof Changes & string)[],
  values: unknown[],
): { assignments: string; values: unknown[] } {
  const all = [...values];
  const changed = columns.filter((column) => changes[column] !== undefined);
  const assignments = changed.map((column) => `${column} = $${all.push(changes[column])}`);
  return { assignments: [...assignments, 'version = version + 1', 'updated_at = now()'].join(', '), values: all };
}

/** The condition that a row has one of the versions that this placeholder stands for (`If-Match`); none given: any. */
export const hasVersion = (placeholder: `$${number}`): string =>
  `(${placeholder}::int[] IS NULL OR version = ANY (${placeholder}))`;

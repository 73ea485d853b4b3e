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

/** Reads typed values out of environment variables and collects what is wrong with them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings can't be used: one line per variable, each saying what to do. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

const YES = new Set(['true', '1', 'on', 'yes']);
const NO = new Set(['false', '0', 'off', 'no']);

/** A view of the environment in which an empty value is an absent one, and a bad one is noted, not thrown. */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(private readonly env: Environment) {}

  /** The value under the first of these names that has one, trimmed. */
  text(...names: string[]): string | undefined {
    return names.map((name) => this.env[name]?.trim()).find(Boolean);
  }

  integer(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    return this.refuse(`${name} must be a whole number from ${min} to ${max}.`, fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (YES.has(text)) return true;
    if (NO.has(text)) return false;
    return this.refuse(`${name} must be true or false.`, fallback);
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = values.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    return value ?? this.refuse(`${name} must be one of: ${values.join(', ')}.`, fallback);
  }

  /** Comma-separated values, trimmed, without empty ones. */
  list(...names: string[]): string[] {
    return (this.text(...names) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  }

  refuse<T>(problem: string, fallback: T): T {
    this.problems.push(problem);
    return fallback;
  }
}

/** Reads typed values from environment variables and collects the errors. */
import { days, hours, minutes, seconds } from './durations.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A rate limit: `points` in a `window` (milliseconds) that starts with the first. */
export interface Limit {
  readonly points: number;
  readonly window: number;
}

/** Invalid settings: one line per variable, saying how to mend it. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

const UNITS: Record<string, number> = { s: seconds(1), m: minutes(1), h: hours(1), d: days(1) };
const YES = new Set(['true', '1', 'on', 'yes']);
const NO = new Set(['false', '0', 'off', 'no']);

/** A variable that was read: its effective value, and its source. */
export interface EnvironmentNote {
  name: string;
  /** As text; null when it isn't set, or when it is a secret. */
  value: string | null;
  source: 'default' | 'environment';
  /** Whether the value is secret, so that it is never shown. */
  isSecret: boolean;
}

/** Names of variables that may contain a password, key or token. Numbers and flags are never secret. */
const SECRET = /SECRET|PASSWORD|PEPPER|KEY|TOKEN|CREDENTIAL|DATABASE_URL|MAIL_URL/;

/** A view of the environment: empty values count as missing, and invalid ones are collected instead of thrown. */
export class EnvironmentReader {
  readonly problems: string[] = [];
  private readonly read = new Map<string, EnvironmentNote>();

  constructor(private readonly env: Environment) {}

  /** All variables that were read so far, ordered by name. */
  get notes(): EnvironmentNote[] {
    return [...this.read.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The names of variables that match and have a value. */
  names(pattern: RegExp): string[] {
    return Object.keys(this.env).filter((name) => pattern.test(name) && this.env[name]?.trim());
  }

  /** The value of the first of these names that has one, trimmed. */
  text(...names: string[]): string | undefined {
    const used = names.find((name) => this.env[name]?.trim()) ?? names[0] ?? '';
    const value = this.env[used]?.trim() || undefined; // eslint-disable-line @typescript-eslint/prefer-nullish-coalescing -- empty is absent
    const isSecret = SECRET.test(used);
    this.note(used, isSecret ? undefined : value, { isSecret, isSet: value !== undefined });
    return value;
  }

  integer(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
    const text = this.text(name);
    if (text === undefined) return this.effective(name, fallback);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return this.effective(name, value);
    return this.refuse(`${name} must be a whole number from ${min} to ${max}.`, fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return this.effective(name, fallback);
    if (YES.has(text)) return this.effective(name, true);
    if (NO.has(text)) return this.effective(name, false);
    return this.refuse(`${name} must be true or false.`, fallback);
  }

  /** A rate limit such as `30/1h`: so many in so many s, m, h or d. */
  limit(name: string, points: number, window: number): Limit {
    const fallback = { points, window };
    const text = this.text(name);
    this.effective(name, text ?? `${points}/${window / seconds(1)}s`);
    if (text === undefined) return fallback;
    const [, count, length, unit] = /^(\d{1,6})\s*\/\s*(\d{1,5})\s*([smhd])$/.exec(text) ?? [];
    const limit = { points: Number(count), window: Number(length) * (UNITS[unit ?? ''] ?? 0) };
    if (limit.points > 0 && limit.window > 0 && limit.window <= days(30)) return limit;
    return this.refuse(
      `${name} must be a limit such as 30/1h: 1 to 999999 in up to 30d, counted in s, m, h or d.`,
      fallback,
    );
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return this.effective(name, fallback);
    const value = values.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (value !== undefined) return this.effective(name, value);
    return this.refuse(`${name} must be one of: ${values.join(', ')}.`, fallback);
  }

  /** Comma-separated values, trimmed, without empty ones. */
  list(...names: string[]): string[] {
    return (this.text(...names) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  }

  /** Records an effective value: it was parsed, so it isn't secret. */
  private effective<T extends string | number | boolean>(name: string, value: T): T {
    this.note(name, String(value), { isSecret: false, isSet: Boolean(this.env[name]?.trim()) });
    return value;
  }

  private note(
    name: string,
    value: string | undefined,
    { isSecret, isSet }: { isSecret: boolean; isSet: boolean },
  ): void {
    this.read.set(name, { name, value: value ?? null, source: isSet ? 'environment' : 'default', isSecret });
  }

  refuse<T>(problem: string, fallback: T): T {
    this.problems.push(problem);
    return fallback;
  }
}

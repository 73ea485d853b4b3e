/** Reads typed values out of environment variables and collects what is wrong with them. */
import { days, hours, minutes, seconds } from './durations.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How often something may happen: so many `points` in a `window` (milliseconds) that opens with the first. */
export interface Limit {
  readonly points: number;
  readonly window: number;
}

/** The settings can't be used: one line per variable, each saying what to do. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

const UNITS: Record<string, number> = { s: seconds(1), m: minutes(1), h: hours(1), d: days(1) };
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

  /** How often something may happen, such as `30/1h`: so many in so many s, m, h or d. */
  limit(name: string, points: number, window: number): Limit {
    const fallback = { points, window };
    const text = this.text(name);
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

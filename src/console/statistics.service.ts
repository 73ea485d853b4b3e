import { Injectable } from '@nestjs/common';
import { SignInStatistics } from '../audit/sign-in-statistics.js';
import { days, minutes, seconds } from '../config/durations.js';
import { AuditSettings } from '../config/audit-settings.js';
import { Database } from '../database/database.js';
import { Scheduler } from '../outbox/scheduler.js';
import { validationFailed } from '../problems.js';
import { UserStatistics } from '../users/user-statistics.js';
import type { DailyStatsDto, DailyStatsListDto, DailyStatsQuery, StatsDto } from './statistics.dto.js';
import * as sql from './statistics.statements.js';

const MOST_DAYS = 92;
/** Most days counted by one statement. */
const AT_ONCE = 7;
const MAX_AGE = seconds(1);
const DAY = days(1);
const UTC = 'UTC';

/** Statistics for the console's dashboard. */
@Injectable()
export class StatisticsService {
  private now: { stats: Promise<StatsDto>; until: number } | undefined;

  constructor(
    private readonly database: Database,
    private readonly settings: AuditSettings,
    private readonly users: UserStatistics,
    private readonly signIns: SignInStatistics,
    scheduler: Scheduler,
  ) {
    scheduler.register({
      name: 'daily_stats',
      every: minutes(15),
      run: () => this.keepEndedDays().then(() => undefined),
    });
  }

  /** The current number of users; counted once a second at most. */
  stats(): Promise<StatsDto> {
    if (this.now && this.now.until > performance.now()) return this.now.stats;
    const now = { stats: this.count(), until: Infinity };
    this.now = now;
    const expire = (age: number) => (now.until = performance.now() + age);
    now.stats.then(
      () => expire(MAX_AGE),
      () => expire(0),
    );
    return now.stats;
  }

  /**
   * The figures of these days. A past day is counted once and stored, as its events will be deleted.
   * @throws Problem 422 on more than 92 days, none, or a time zone that the database doesn't know
   */
  async daily({ since, until: last, tz }: DailyStatsQuery): Promise<DailyStatsListDto> {
    const until = dayBefore(last, -1);
    const asked = daysBetween(since, until);
    if (asked.length < 1 || asked.length > MOST_DAYS)
      throw refused('until', `must not be before since, nor more than ${MOST_DAYS - 1} days after it`);
    const { today, settled } = await this.today(tz);
    const known = await this.kept(tz, since, until);
    for (const [day, figures] of await this.lost(tz, since, until)) if (!known.has(day)) known.set(day, figures);
    const missing = asked.filter((day) => day <= today && !known.has(day));
    for (const figures of await this.counted(tz, missing)) known.set(figures.day, figures);
    await this.keep(tz, missing.filter((day) => day < settled).flatMap((day) => known.get(day) ?? [])); // prettier-ignore
    return { items: asked.map((day) => known.get(day) ?? nothing(day)) };
  }

  /** The scheduled job: stores days that have ended since the last run, for every time zone that was requested before. */
  async keepEndedDays(): Promise<number> {
    const zones = await this.database.read<{ tz: string; latest: string }>(sql.ZONES, []);
    const latest = new Map([
      [UTC, dayBefore(today(), MOST_DAYS)],
      ...zones.map(({ tz, latest: day }) => [tz, day] as const),
    ]);
    let kept = 0;
    for (const [tz, last] of latest) {
      const { settled } = await this.today(tz);
      const ended = daysBetween(dayBefore(last, -1), settled).slice(-MOST_DAYS);
      kept += await this.keep(tz, await this.counted(tz, ended));
    }
    return kept;
  }

  private async count(): Promise<StatsDto> {
    const { newSince, ...counts } = await this.users.counts();
    return { ...counts, new_7_days: newSince };
  }

  private async today(tz: string): Promise<{ today: string; settled: string }> {
    try {
      const [row] = await this.database.read<{ today: string; settled: string }>(sql.TODAY, [tz]);
      return row ?? { today: today(), settled: today() };
    } catch (error) {
      if ((error as { code?: string }).code !== UNKNOWN_TIME_ZONE) throw error;
      throw refused('tz', 'is a time zone that the database does not know');
    }
  }

  private async kept(tz: string, since: string, until: string): Promise<Map<string, DailyStatsDto>> {
    const rows = await this.database.read<DailyStatsDto>(sql.KEPT, [tz, since, until]);
    return new Map(rows.map((row) => [row.day, row]));
  }

  /** Days whose events are deleted and that were never requested in this time zone: those of UTC are used instead. */
  private async lost(tz: string, since: string, until: string): Promise<Map<string, DailyStatsDto>> {
    const oldest = new Date(Date.now() - this.settings.retention).toISOString().slice(0, 10);
    if (tz === UTC || since > oldest) return new Map();
    return this.kept(UTC, since, until < oldest ? until : dayBefore(oldest, -1));
  }

  /** Counts days; consecutive ones by one statement. */
  private async counted(tz: string, wanted: string[]): Promise<DailyStatsDto[]> {
    const counted: DailyStatsDto[] = [];
    for (let first = 0; first < wanted.length;) {
      const run = runFrom(wanted, first);
      first += run.length;
      const [since = '', until] = [run[0], dayBefore(run.at(-1) ?? '', -1)];
      const [signUps, signIns] = await Promise.all([
        this.users.signUps(tz, since, until),
        this.signIns.days(tz, since, until),
      ]);
      counted.push(
        ...run.map((day) => ({
          day,
          sign_ups: signUps.get(day) ?? 0,
          sign_ins: signIns.get(day)?.signIns ?? 0,
          failed_sign_ins: signIns.get(day)?.failedSignIns ?? 0,
          active_users: signIns.get(day)?.activeUsers ?? 0,
        })),
      );
    }
    return counted;
  }

  private async keep(tz: string, figures: DailyStatsDto[]): Promise<number> {
    if (!figures.length) return 0;
    return (await this.database.write(sql.KEEP, [tz, JSON.stringify(figures)])).length;
  }
}

const UNKNOWN_TIME_ZONE = '22023'; // invalid_parameter_value

const today = () => new Date().toISOString().slice(0, 10);

const dayBefore = (day: string, count: number): string =>
  new Date(Date.parse(day) - count * DAY).toISOString().slice(0, 10);

/** The days from `since` to before `until`, capped just above the permitted number. */
function daysBetween(since: string, until: string): string[] {
  const count = Math.min(MOST_DAYS * 2, Math.max(0, (Date.parse(until) - Date.parse(since)) / DAY));
  const begin = Date.parse(until) - count * DAY;
  return Array.from({ length: count }, (_, n) => new Date(begin + n * DAY).toISOString().slice(0, 10));
}

/** The consecutive days from this one on, a week at most. */
function runFrom(wanted: string[], first: number): string[] {
  const run = wanted.slice(first, first + AT_ONCE);
  const end = run.findIndex((day, n) => day !== dayBefore(run[0] ?? '', -n));
  return end < 0 ? run : run.slice(0, end);
}

const nothing = (day: string): DailyStatsDto => ({
  day,
  sign_ups: 0,
  sign_ins: 0,
  failed_sign_ins: 0,
  active_users: 0,
});

const refused = (parameter: string, detail: string) =>
  validationFailed([{ parameter, code: `bad_${parameter}`, detail }]);

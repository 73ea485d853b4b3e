import { Optional, Rule } from '../http/fields.js';

/** The current number of users, at most a second old. */
export class StatsDto {
  /** All users except deleted ones. */
  total: number;
  /** Those who may sign in. */
  active: number;
  deactivated: number;
  deleted: number;
  /** Those whose sign-in is blocked after too many wrong attempts. */
  locked: number;
  admins: number;
  /** Those created in the last seven days. */
  new_7_days: number;
}

const DAY = /^(?!0000)\d{4}-\d\d-\d\d$/;

/** A day that exists. */
const Day = () => Rule('is_day', 'must be a day such as 2026-11-26', isDay);

const isDay = (text: string): boolean =>
  DAY.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

/** Characters of IANA time zone names. */
const isTimeZone = (text: string): boolean => {
  try {
    return /^[A-Za-z][\w+/-]{1,63}$/.test(text) && new Intl.DateTimeFormat('en', { timeZone: text }) instanceof Object;
  } catch {
    return false;
  }
};

/** A range of days in a time zone. */
export class DailyStatsQuery {
  /** The first day. @example "2026-11-01" */
  @Day()
  since: string;

  /** The last day; at most 91 days after the first. @example "2026-11-30" */
  @Day()
  until: string;

  /** The time zone of the days. @example "Europe/Berlin" */
  @Optional()
  @Rule('is_time_zone', 'must be a time zone such as Europe/Berlin', isTimeZone)
  tz: string = 'UTC';
}

/** The figures of a day. */
export class DailyStatsDto {
  /** @example "2026-11-26" */
  day: string;
  sign_ups: number;
  sign_ins: number;
  failed_sign_ins: number;
  /** Distinct users who signed in. */
  active_users: number;
}

/** All requested days, oldest first. */
export class DailyStatsListDto {
  items: DailyStatsDto[];
}

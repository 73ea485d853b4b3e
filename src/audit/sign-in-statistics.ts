import { Injectable } from '@nestjs/common';
import { days } from '../config/durations.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { firstIdOf, lastIdOf } from './audit.list.js';

/** Sign-ins on a day (`2026-11-26`) in a time zone. */
export interface SignInDay {
  day: string;
  signIns: number;
  failedSignIns: number;
  /** Distinct users who signed in. */
  activeUsers: number;
}

const SIGN_INS = statement(
  'audit.sign_ins',
  `SELECT (at AT TIME ZONE $1)::date::text AS day,
     count(*) FILTER (WHERE outcome = 'success')::int AS "signIns",
     count(*) FILTER (WHERE outcome = 'failure')::int AS "failedSignIns",
     count(DISTINCT user_id) FILTER (WHERE outcome = 'success')::int AS "activeUsers"
   FROM audit_events
   WHERE action = 'login' AND at >= $2::date::timestamp AT TIME ZONE $1 AND at < $3::date::timestamp AT TIME ZONE $1
     AND id >= $4 AND id < $5
   GROUP BY 1`,
);

/** Counts sign-ins from the stored events; those past their retention are not included. */
@Injectable()
export class SignInStatistics {
  constructor(private readonly database: Database) {}

  /** The days from `since` to before `until`; days without any are left out. */
  async days(tz: string, since: string, until: string): Promise<Map<string, SignInDay>> {
    const rows = await this.database.read<SignInDay>(SIGN_INS, [tz, since, until, ...idsOf(since, until)]);
    return new Map(rows.map((row) => [row.day, row]));
  }
}

/** The range of event ids of these days, in any time zone. */
function idsOf(since: string, until: string): string[] {
  const [first, last] = [since, until].map((day) => Date.parse(day));
  return [firstIdOf(new Date((first ?? 0) - days(1))), lastIdOf(new Date((last ?? 0) + days(1)))];
}

import { statement } from '../database/statement.js';

const COLUMNS = `day::text, sign_ups, sign_ins, failed_sign_ins, active_users`;

export const KEPT = statement(
  'stats.kept',
  `SELECT ${COLUMNS} FROM daily_stats WHERE tz = $1 AND day >= $2::date AND day < $3::date`,
);

/** Stores a day, unless it is stored already: its events may have been deleted since. */
export const KEEP = statement(
  'stats.keep',
  `INSERT INTO daily_stats (tz, day, sign_ups, sign_ins, failed_sign_ins, active_users)
   SELECT $1, day, sign_ups, sign_ins, failed_sign_ins, active_users FROM jsonb_to_recordset($2::jsonb)
     AS kept (day date, sign_ups int, sign_ins int, failed_sign_ins int, active_users int)
   ON CONFLICT ON CONSTRAINT daily_stats_pkey DO NOTHING
   RETURNING day`,
);

/** Time zones that were requested, with their latest stored day. */
export const ZONES = statement('stats.zones', `SELECT tz, max(day)::text AS "latest" FROM daily_stats GROUP BY tz`);

/** The current day in a time zone, and whether the previous one ended long enough ago that no transaction of it is open. */
export const TODAY = statement(
  'stats.today',
  `SELECT (now() AT TIME ZONE $1)::date::text AS today, ((now() - interval '5 minutes') AT TIME ZONE $1)::date::text AS settled`,
);

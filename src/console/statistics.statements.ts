import { statement } from '../database/statement.js';

const COLUMNS = `day::text, sign_ups, sign_ins, failed_sign_ins, active_users`;

export const KEPT = statement(
  'stats.kept',
  `SELECT ${COLUMNS} FROM daily_stats WHERE tz = $1 AND day >= $2::date AND day < $3::date`,
);

/** A day that is kept stays as it is: its events may be gone by the next time. */
export const KEEP = statement(
  'stats.keep',
  `INSERT INTO daily_stats (tz, day, sign_ups, sign_ins, failed_sign_ins, active_users)
   SELECT $1, day, sign_ups, sign_ins, failed_sign_ins, active_users FROM jsonb_to_recordset($2::jsonb)
     AS kept (day date, sign_ups int, sign_ins int, failed_sign_ins int, active_users int)
   ON CONFLICT ON CONSTRAINT daily_stats_pkey DO NOTHING
   RETURNING day`,
);

/** Time zones that somebody has asked for days of, and which day of them was kept last. */
export const ZONES = statement('stats.zones', `SELECT tz, max(day)::text AS "latest" FROM daily_stats GROUP BY tz`);

/** What day it is there, and whether the one before has been over for a while, so that nothing of it is under way. */
export const TODAY = statement(
  'stats.today',
  `SELECT (now() AT TIME ZONE $1)::date::text AS today, ((now() - interval '5 minutes') AT TIME ZONE $1)::date::text AS settled`,
);

import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { HeldUsers } from './held-users.js';

/** Number of users by state. */
export interface UserCounts {
  total: number;
  active: number;
  deactivated: number;
  deleted: number;
  locked: number;
  admins: number;
  newSince: number;
}

const COUNTS = statement(
  'users.counts',
  `SELECT count(*) FILTER (WHERE deleted_at IS NULL)::int AS total,
     count(*) FILTER (WHERE deleted_at IS NULL AND is_active)::int AS active,
     count(*) FILTER (WHERE deleted_at IS NULL AND NOT is_active)::int AS deactivated,
     count(*) FILTER (WHERE deleted_at IS NOT NULL)::int AS deleted,
     count(*) FILTER (WHERE deleted_at IS NULL AND id = ANY ($1::uuid[]))::int AS locked,
     count(*) FILTER (WHERE deleted_at IS NULL AND role = 'admin')::int AS admins,
     count(*) FILTER (WHERE deleted_at IS NULL AND created_at >= now() - interval '7 days')::int AS "newSince"
   FROM users`,
);

const SIGN_UPS = statement(
  'users.sign_ups',
  `SELECT (created_at AT TIME ZONE $1)::date::text AS day, count(*)::int AS "signUps"
   FROM users WHERE created_at >= $2::date::timestamp AT TIME ZONE $1 AND created_at < $3::date::timestamp AT TIME ZONE $1
   GROUP BY 1`,
);

/** Counts users. */
@Injectable()
export class UserStatistics {
  constructor(
    private readonly database: Database,
    private readonly held: HeldUsers,
  ) {}

  /** The current counts. */
  async counts(): Promise<UserCounts> {
    const [counts] = await this.database.read<UserCounts>(COUNTS, [await this.held.ids()]);
    return counts as UserCounts;
  }

  /** Sign-ups by day (`2026-11-26`) in a time zone, from `since` to before `until`; days without any are left out. */
  async signUps(tz: string, since: string, until: string): Promise<Map<string, number>> {
    const rows = await this.database.read<{ day: string; signUps: number }>(SIGN_UPS, [tz, since, until]);
    return new Map(rows.map(({ day, signUps }) => [day, signUps]));
  }
}

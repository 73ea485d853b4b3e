import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What happened on a day of a time zone that is over; kept for longer than the events that it was counted from. */
@Entity({ name: 'daily_stats' })
export class DailyStats {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'daily_stats_pkey' })
  tz: string;

  @PrimaryColumn('date', { primaryKeyConstraintName: 'daily_stats_pkey' })
  day: string;

  @Column('integer', { name: 'sign_ups' })
  signUps: number;

  @Column('integer', { name: 'sign_ins' })
  signIns: number;

  @Column('integer', { name: 'failed_sign_ins' })
  failedSignIns: number;

  @Column('integer', { name: 'active_users' })
  activeUsers: number;
}

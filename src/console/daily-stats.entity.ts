import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The figures of a past day in a time zone; kept longer than the events that they were counted from. */
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

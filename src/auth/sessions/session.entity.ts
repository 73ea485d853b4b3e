import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';

/** One signed-in device. Its refresh tokens are computed from id and counter, so nothing here can be replayed. */
@Entity({ name: 'sessions' })
@Index('sessions_user_id_idx', ['userId'])
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sessions_user_id_fkey' })
  user?: User;

  /** Number of rotations so far; the refresh token with this number is the current one. */
  @Column('integer', { default: 0 })
  counter: number;

  /** The user's session generation when it began. */
  @Column('integer')
  generation: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  /** When it began or was last refreshed. */
  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt: Date | null;

  /** When the person last authenticated; null in rows from before the column existed, which count from `created_at`. */
  @Column('timestamptz', { name: 'auth_time', nullable: true, default: () => 'now()' })
  authTime: Date | null;

  /** The methods of that authentication: see `AuthenticationMethod`. */
  @Column('text', { array: true, default: '{pwd}' })
  amr: string[];

  /** The remembered device that replaced the second factor. */
  @Column('uuid', { name: 'device_id', nullable: true })
  deviceId: string | null;

  @Column('text', { nullable: true })
  ip: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;
}

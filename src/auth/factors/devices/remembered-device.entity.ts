import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../../users/user.entity.js';

/** A device on which no second factor is asked for. Its token is a MAC over the id, so the row alone is useless. */
@Entity({ name: 'remembered_devices' })
@Index('remembered_devices_user_id_idx', ['userId'])
export class RememberedDevice {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'remembered_devices_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'remembered_devices_user_id_fkey' })
  user?: User;

  /** The user's session generation when it was remembered; incrementing that forgets the device. */
  @Column('integer')
  generation: number;

  @Column('text', { nullable: true })
  ip: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  /** An expired row is kept for as long as a session that was started with the device may live. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}

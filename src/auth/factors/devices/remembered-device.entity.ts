import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../../users/user.entity.js';

/** A device that isn't asked for a second factor again. Its token is computed from the id, so the row alone opens nothing. */
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

  /** The user's session generation when it was remembered: whatever raises that forgets the device. */
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

  /** A device whose time is over stays for as long as a session that it let in may live. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}

import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Role } from '../../../request.js';
import { User } from '../../../users/user.entity.js';

/** An account offered to the reader of a mailbox. There is no row in `users` until it is accepted. */
@Entity({ name: 'invitations' })
@Check('invitations_role_check', `role IN ('user', 'admin')`)
@Check('invitations_email_check', `email = lower(email)`)
@Index('invitations_email_open_key', ['email'], { unique: true, where: 'accepted_at IS NULL AND revoked_at IS NULL' })
@Index('invitations_created_at_idx', ['createdAt', 'id'])
@Index('invitations_invited_by_idx', ['invitedBy'])
@Index('invitations_accepted_by_idx', ['acceptedBy'])
@Index('invitations_search_idx', { synchronize: false }) // on an expression: the searched text
export class Invitation {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invitations_pkey' })
  id: string;

  @Column('text')
  email: string;

  @Column('text')
  role: Role;

  @Column('text', { nullable: true })
  username: string | null;

  @Column('text', { name: 'display_name', nullable: true })
  displayName: string | null;

  @Column('text', { nullable: true })
  message: string | null;

  @Column('text', { nullable: true })
  locale: string | null;

  @Column('uuid', { name: 'invited_by', nullable: true })
  invitedBy: string | null;

  @ManyToOne(() => User, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'invited_by', foreignKeyConstraintName: 'invitations_invited_by_fkey' })
  inviter?: User;

  /** Days until it expires, from its creation or, when it had expired, from sending it again. */
  @Column('smallint')
  days: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'accepted_at', precision: 3, nullable: true })
  acceptedAt: Date | null;

  @Column('uuid', { name: 'accepted_by', nullable: true })
  acceptedBy: string | null;

  @ManyToOne(() => User, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'accepted_by', foreignKeyConstraintName: 'invitations_accepted_by_fkey' })
  accepter?: User;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt: Date | null;

  /** Incremented by each change; part of the ETag. */
  @Column('integer', { default: 1 })
  version: number;
}

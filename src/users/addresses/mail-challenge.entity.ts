import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../user.entity.js';

/** The purpose of a link or code in a mail. */
export type Purpose = 'verify' | 'reset' | 'change' | 'revert' | 'invite' | 'restore';

/**
 * The row behind a link or code in a mail: its purpose, account and address. Link and code are computed from the id and a
 * key (`mail/links.ts`), so nothing here can be replayed.
 */
@Entity({ name: 'mail_challenges' })
@Check('mail_challenges_purpose_check', `purpose IN ('verify', 'reset', 'change', 'revert', 'invite', 'restore')`)
@Check('mail_challenges_subject_check', `num_nonnulls(user_id, invitation_id) = 1`)
@Index('mail_challenges_open_key', ['userId', 'purpose'], {
  unique: true,
  where: `used_at IS NULL AND cancelled_at IS NULL AND purpose <> 'revert'`,
})
@Index('mail_challenges_invitation_key', ['invitationId'], { unique: true, where: 'cancelled_at IS NULL' })
@Index('mail_challenges_user_id_idx', ['userId', 'createdAt'])
@Index('mail_challenges_invitation_id_idx', ['invitationId'])
@Index('mail_challenges_change_idx', ['email'], { where: `purpose = 'change'` })
@Index('mail_challenges_expires_at_idx', ['expiresAt'])
export class MailChallenge {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'mail_challenges_pkey' })
  id: string;

  @Column('text')
  purpose: Purpose;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'mail_challenges_user_id_fkey' })
  user?: User;

  @Column('uuid', { name: 'invitation_id', nullable: true })
  invitationId: string | null;

  /** Named by a string: invitations belong to a folder that this one must not import. */
  @ManyToOne('Invitation', { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'invitation_id', foreignKeyConstraintName: 'mail_challenges_invitation_id_fkey' })
  invitation?: object;

  /** The address that it is for: of a change the new one, of a revert the old one. */
  @Column('text')
  email: string;

  /**
   * The session generation of the account when it was made, for a reset, a change and a restore: a new password,
   * deactivation and deletion increment the account's, which invalidates these with the sessions.
   */
  @Column('integer', { nullable: true })
  generation: number | null;

  /** Wrong codes so far: after five the code is refused; the link still works. */
  @Column('smallint', { default: 0 })
  attempts: number;

  /** How many mails contained it. */
  @Column('smallint', { default: 1 })
  sent: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt: Date | null;

  /** When it was ended before its expiry: superseded, cancelled, or invalidated by a change of the account. */
  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  cancelledAt: Date | null;
}

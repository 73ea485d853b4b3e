import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../../users/user.entity.js';

/** Somebody's account at a provider, which opens their account here. */
@Entity({ name: 'identities' })
@Unique('identities_issuer_subject_key', ['issuer', 'subject'])
@Index('identities_user_id_idx', ['userId'])
export class Identity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'identities_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'identities_user_id_fkey' })
  user?: User;

  /** As the settings call it now, or did when it was last used. */
  @Column('text')
  provider: string;

  /** Who vouches for the subject, and names nobody else so. */
  @Column('text')
  issuer: string;

  @Column('text')
  subject: string;

  /** For people to tell their identities apart; nothing is looked up by it. */
  @Column('text', { nullable: true })
  email: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}

import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../../users/user.entity.js';

/** An account at a provider that is linked to an account here. */
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

  /** The provider's name in the settings, as of the last use. */
  @Column('text')
  provider: string;

  /** The issuer: a subject is unique per issuer. */
  @Column('text')
  issuer: string;

  @Column('text')
  subject: string;

  /** Shown to people to tell their identities apart; never used to look up an account. */
  @Column('text', { nullable: true })
  email: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}

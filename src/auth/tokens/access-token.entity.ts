import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from '../../users/user.entity.js';
import type { Scope } from '../../request.js';

/** A personal access token, which a program sends instead of a password. Only its digest is stored. */
@Entity({ name: 'access_tokens' })
@Unique('access_tokens_hash_key', ['hash'])
@Index('access_tokens_user_id_idx', ['userId', 'id'])
@Index('access_tokens_expires_at_idx', ['expiresAt'])
export class AccessToken {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'access_tokens_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'access_tokens_user_id_fkey' })
  user?: User;

  /** SHA-256: the token is random and long, so no slow hash is needed. */
  @Column('bytea', { select: false })
  hash: Buffer;

  @Column('text')
  name: string;

  /** Prefix and last characters, for people to tell their tokens apart. */
  @Column('text')
  hint: string;

  @Column('text', { array: true })
  scopes: Scope[];

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  /** Updated every five minutes at most. */
  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @Column('text', { name: 'last_used_ip', nullable: true })
  lastUsedIp: string | null;

  /** When its owner got the mail about its expiry. */
  @Column({ type: 'timestamptz', name: 'warned_at', precision: 3, nullable: true })
  warnedAt: Date | null;
}

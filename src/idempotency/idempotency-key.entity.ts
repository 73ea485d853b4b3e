import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An Idempotency-Key that somebody sent: the claim of the request that runs, or what it was answered. */
@Entity({ name: 'idempotency_keys' })
export class IdempotencyKey {
  /** SHA-256 of whoever sent it and of the key. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'idempotency_keys_pkey' })
  id: Buffer;

  /** The account that sent it; null where nobody was signed in. No foreign key: users are above. */
  @Index('idempotency_keys_owner_id_idx')
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId: string | null;

  /** The account that the answer tells of, so that a purge finds it. */
  @Index('idempotency_keys_subject_id_idx')
  @Column('uuid', { name: 'subject_id', nullable: true })
  subjectId: string | null;

  /** HMAC of method, path and body: a bare hash could be guessed at, as bodies hold passwords. */
  @Column('bytea')
  fingerprint: Buffer;

  /** The request that runs: one that lost its lease can't complete what another has taken over. */
  @Column('uuid')
  claim: string;

  /** Null while the request runs. */
  @Column('smallint', { nullable: true })
  status: number | null;

  @Column('text', { nullable: true })
  location: string | null;

  @Column('text', { nullable: true })
  etag: string | null;

  @Column('text', { nullable: true })
  body: string | null;

  /** End of the lease, or of the answer. */
  @Index('idempotency_keys_expires_at_idx')
  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;
}

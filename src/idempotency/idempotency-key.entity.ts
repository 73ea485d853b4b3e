import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An Idempotency-Key: claimed by a running request, or with the stored answer. */
@Entity({ name: 'idempotency_keys' })
export class IdempotencyKey {
  /** SHA-256 of the sender and the key. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'idempotency_keys_pkey' })
  id: Buffer;

  /** The account that sent it; null for anonymous requests. No foreign key: users belong to a folder that this one must not import. */
  @Index('idempotency_keys_owner_id_idx')
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId: string | null;

  /** The account in the stored answer, so that a purge finds it. */
  @Index('idempotency_keys_subject_id_idx')
  @Column('uuid', { name: 'subject_id', nullable: true })
  subjectId: string | null;

  /** HMAC of method, path and body: a plain hash could be brute-forced, as bodies contain passwords. */
  @Column('bytea')
  fingerprint: Buffer;

  /** The claim of the running request: after its lease has expired and another request has taken over, it can't complete. */
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

  /** Expiry of the lease, or of the stored answer. */
  @Index('idempotency_keys_expires_at_idx')
  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;
}

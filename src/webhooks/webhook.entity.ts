import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Most receivers. */
export const MOST_WEBHOOKS = 20;

/** A receiver of events. Its signing secret is derived from a key of the ring, so a dump of this table doesn't contain it. */
@Entity({ name: 'webhooks' })
export class Webhook {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'webhooks_pkey' })
  id: string;

  @Column('text')
  url: string;

  /** Types of events: `user.created`, `user.*`, `*`. */
  @Column('text', { array: true })
  events: string[];

  @Column('text', { nullable: true })
  description: string | null;

  @Column('boolean', { name: 'is_active', default: true })
  isActive: boolean;

  /** Why UserHub disabled it; null when it is enabled, or an admin disabled it. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** The id of the key that the secret is derived from. */
  @Column('text', { name: 'key_id' })
  keyId: string;

  /** Number of rotations; part of the secret's derivation. */
  @Column('integer', { name: 'secret_version', default: 1 })
  secretVersion: number;

  @Column('text', { name: 'previous_key_id', nullable: true })
  previousKeyId: string | null;

  /** Until when the previous secret also signs. */
  @Column('timestamptz', { name: 'previous_until', nullable: true })
  previousUntil: Date | null;

  /** Since when all deliveries have failed; null after a success. */
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince: Date | null;

  @Column({ type: 'timestamptz', name: 'last_success_at', precision: 3, nullable: true })
  lastSuccessAt: Date | null;

  @Column({ type: 'timestamptz', name: 'last_failure_at', precision: 3, nullable: true })
  lastFailureAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;

  @Column('integer', { default: 1 })
  version: number;
}

/** The body for receivers, as exact bytes, so that each try signs the same. Written by a trigger on `audit_events`. */
@Entity({ name: 'webhook_events' })
@Index('webhook_events_created_at_idx', ['createdAt'])
@Index('webhook_events_user_id_idx', ['userId'])
export class WebhookEvent {
  /** `webhook-id` is `msg_` followed by it. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'webhook_events_pkey' })
  id: string;

  @Column('text')
  type: string;

  /** No foreign key: the event of a purge is written after the user is gone. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column('text')
  body: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}

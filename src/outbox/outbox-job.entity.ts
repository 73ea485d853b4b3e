import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The kinds of delivery. */
export const CHANNELS = ['mail', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** The state of a job. `sent` and `failed` are final unless an admin retries; `expired` is final. */
export const JOB_STATES = ['queued', 'sent', 'failed', 'expired'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** One delivery to one recipient: committed with the change that it reports, carried out by whichever replica is free. */
@Entity({ name: 'outbox' })
@Check('outbox_channel_check', `channel IN ('mail', 'webhook')`)
@Check('outbox_state_check', `state IN ('queued', 'sent', 'failed', 'expired')`)
@Index('outbox_due_idx', ['channel', 'dueAt'], { where: `state = 'queued'` })
@Index('outbox_created_at_idx', ['channel', 'createdAt', 'id'])
@Index('outbox_lane_due_idx', ['channel', 'lane', 'dueAt'], { where: `state = 'queued' AND lane IS NOT NULL` })
@Index('outbox_lane_idx', ['lane', 'createdAt', 'id'], { where: 'lane IS NOT NULL' })
@Index('outbox_user_id_idx', ['userId', 'createdAt'])
@Index('outbox_recipient_idx', ['recipient', 'createdAt'])
@Index('outbox_done_at_idx', ['doneAt'], { where: `state <> 'queued'` })
export class OutboxJob {
  /** Also its id for receivers: `Message-ID`, `webhook-id`. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'outbox_pkey' })
  id: string;

  @Column('text')
  channel: ChannelName;

  @Column('text')
  kind: string;

  /** At most `perLane` jobs of a lane run at once in a process, so that one slow receiver can't occupy all slots. */
  @Column('text', { nullable: true })
  lane: string | null;

  /** The recipient's address, copied from the row of the change. */
  @Column('text', { nullable: true })
  recipient: string | null;

  /** The user whom it concerns. No foreign key: notices outlive the purge that caused them. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  /** The challenge that link and code are computed from, when it is sent. */
  @Column('uuid', { name: 'challenge_id', nullable: true })
  challengeId: string | null;

  /** The audit event of a webhook; null for a mail. */
  @Column('uuid', { name: 'event_id', nullable: true })
  eventId: string | null;

  /** Words for the template; never a token, a code or a rendered mail. Cleared once it has been sent. */
  @Column('jsonb', { default: {} })
  data: Record<string, unknown>;

  @Column('text', { default: 'queued' })
  state: JobState;

  /** How often it was claimed. */
  @Column('integer', { default: 0 })
  attempts: number;

  /** When it may be claimed: while claimed, the end of the lease; after a failure, the time of the next try. */
  @Column({ type: 'timestamptz', name: 'due_at', default: () => 'now()' })
  dueAt: Date;

  /** When it expires; null for never. */
  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  /** The current or last claim: an outcome reported under an older claim is ignored. */
  @Column('uuid', { name: 'claimed_by', nullable: true })
  claimedBy: string | null;

  /** The receiver's last status, of SMTP or HTTP. */
  @Column('integer', { name: 'last_status', nullable: true })
  lastStatus: number | null;

  @Column('text', { name: 'last_error', nullable: true })
  lastError: string | null;

  /** Duration of the last try. */
  @Column('integer', { name: 'duration_ms', nullable: true })
  durationMs: number | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'done_at', nullable: true })
  doneAt: Date | null;
}

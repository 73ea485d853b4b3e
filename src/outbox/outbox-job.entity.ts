import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Ways out of UserHub. */
export const CHANNELS = ['mail', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** Where a job stands. `sent` and `failed` are final unless somebody asks for another try; `expired` is final. */
export const JOB_STATES = ['queued', 'sent', 'failed', 'expired'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** One thing to send to one place: committed with the change that it tells of, sent by whichever replica is free. */
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
  /** Also what receivers know it by: `Message-ID`, `webhook-id`. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'outbox_pkey' })
  id: string;

  @Column('text')
  channel: ChannelName;

  @Column('text')
  kind: string;

  /** Jobs of one lane run at most `perLane` at once in a process, so that one slow receiver can't take all slots. */
  @Column('text', { nullable: true })
  lane: string | null;

  /** The address that it goes to, copied from the row that the change found. */
  @Column('text', { nullable: true })
  recipient: string | null;

  /** Whom it concerns. No foreign key: notices outlive the purge that caused them. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  /** What its link and code are computed from, at the moment of sending. */
  @Column('uuid', { name: 'challenge_id', nullable: true })
  challengeId: string | null;

  /** Which event is told; null for a mail. */
  @Column('uuid', { name: 'event_id', nullable: true })
  eventId: string | null;

  /** Words for the template; never a token, a code or a rendered mail. Emptied when it has been sent. */
  @Column('jsonb', { default: {} })
  data: Record<string, unknown>;

  @Column('text', { default: 'queued' })
  state: JobState;

  /** How often it was claimed. */
  @Column('integer', { default: 0 })
  attempts: number;

  /** When it may be claimed: in a claimed job the end of the lease, after a failure the time of the next try. */
  @Column({ type: 'timestamptz', name: 'due_at', default: () => 'now()' })
  dueAt: Date;

  /** From when on sending it would be of no use; null means never. */
  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  /** The claim that has it, or had it last: whoever comes with an older one is too late to say how it went. */
  @Column('uuid', { name: 'claimed_by', nullable: true })
  claimedBy: string | null;

  /** What the receiver answered last: an SMTP or HTTP status. */
  @Column('integer', { name: 'last_status', nullable: true })
  lastStatus: number | null;

  @Column('text', { name: 'last_error', nullable: true })
  lastError: string | null;

  /** How long the last try took. */
  @Column('integer', { name: 'duration_ms', nullable: true })
  durationMs: number | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'done_at', nullable: true })
  doneAt: Date | null;
}

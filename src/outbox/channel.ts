import type { ChannelName, OutboxJob } from './outbox-job.entity.js';
import type { Lease } from './lease.js';

/** A claimed job: what its delivery needs to know. */
export interface ClaimedJob extends Pick<
  OutboxJob,
  'id' | 'kind' | 'lane' | 'recipient' | 'userId' | 'challengeId' | 'data' | 'attempts' | 'createdAt' | 'expiresAt'
> {
  /** The id of the claim, a new UUID each time. */
  claimedBy: string;
  /** Whether it had expired when it was claimed. */
  isExpired: boolean;
}

/** The outcome of a successful try. */
export interface Delivery {
  /** The receiver's status, of SMTP or HTTP. */
  status?: number;
}

/** The receiver didn't accept it. Any other error thrown by a channel is a bug, and retried as well. */
export class DeliveryError extends Error {
  constructor(
    message: string,
    readonly options: {
      status?: number;
      /** Whether a retry would fail the same way. */
      isPermanent?: boolean;
      /** Whether nothing was sent, through no fault of the receiver: the lease had expired, or the process is shutting down. */
      isReturned?: boolean;
    } = {},
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

/** A kind of delivery: mail, webhooks. */
export interface Channel {
  readonly name: ChannelName;
  /** Concurrent jobs in one process; a hanging receiver occupies only these. */
  readonly slots: number;
  /** Concurrent jobs per lane, where all jobs of the channel have a lane. */
  readonly perLane?: number;
  /** How many more may be started now, if the rate is limited. */
  allowance?(): number;
  /**
   * Delivers a job, within 30 s. It must check the lease right before the receiver could act.
   * @throws DeliveryError when it wasn't accepted
   */
  deliver(job: ClaimedJob, lease: Lease): Promise<Delivery>;
  /** The delay in milliseconds after that many failed tries; undefined to give up. */
  retryAfter(attempts: number, error: unknown): number | undefined;
}

import type { ChannelName, OutboxJob } from './outbox-job.entity.js';
import type { Lease } from './lease.js';

/** A job that was claimed, as far as sending it needs to know. */
export interface ClaimedJob extends Pick<
  OutboxJob,
  'id' | 'kind' | 'lane' | 'recipient' | 'userId' | 'challengeId' | 'data' | 'attempts' | 'createdAt' | 'expiresAt'
> {
  /** The claim: a UUID of its own for each. */
  claimedBy: string;
  /** Its time was up already when it was claimed. */
  isExpired: boolean;
}

/** How a try went well. */
export interface Delivery {
  /** What the receiver answered: an SMTP or HTTP status. */
  status?: number;
}

/** A receiver didn't take it. Anything else thrown by a channel is a bug of ours, and tried again all the same. */
export class DeliveryError extends Error {
  constructor(
    message: string,
    readonly options: {
      status?: number;
      /** Trying again would bring the same answer. */
      isPermanent?: boolean;
      /** Nothing was tried, and it isn't the receiver's fault: the lease was over, or the process ends. */
      isReturned?: boolean;
    } = {},
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

/** A way out of UserHub: mail, webhooks. */
export interface Channel {
  readonly name: ChannelName;
  /** How many jobs at once, in one process: what hangs holds these and no others. */
  readonly slots: number;
  /** How many of one lane at once, where every job of the channel has a lane. */
  readonly perLane?: number;
  /** How many more may be started now, where there is a limit by the minute. */
  allowance?(): number;
  /**
   * Sends a job, within 30 s. It must look at the lease right before the receiver could act on it.
   * @throws DeliveryError when it wasn't taken
   */
  deliver(job: ClaimedJob, lease: Lease): Promise<Delivery>;
  /** How long to wait after that many failed tries, in milliseconds; undefined: give up. */
  retryAfter(attempts: number, error: unknown): number | undefined;
}

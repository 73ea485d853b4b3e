import { OneOf, Optional, Time } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { EVENT_TYPES } from './event-types.js';

/** States of a delivery for admins, and those of its job in the outbox. */
export const DELIVERY_STATES = { queued: ['queued'], delivered: ['sent'], dead: ['failed', 'expired'] } as const;
export type DeliveryState = keyof typeof DELIVERY_STATES;
const STATES = Object.keys(DELIVERY_STATES) as DeliveryState[];

/** Which deliveries to list. */
export class DeliveriesQuery extends PageQuery {
  /** Only those in this state. */
  @Optional()
  @OneOf(STATES)
  state?: DeliveryState;

  /** Only events of this type. */
  @Optional()
  @OneOf(EVENT_TYPES)
  type?: (typeof EVENT_TYPES)[number];

  /** Only those created at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @Time()
  since?: string;
}

/** Which deliveries to repeat. */
export class ReplayDto {
  /** Those created at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Time()
  since: string;

  /** Those created before this time; now by default. @example "2026-01-02T00:00:00Z" */
  @Optional()
  @Time()
  until?: string;

  /** In which state; `dead` by default. */
  @Optional()
  @OneOf(['dead', 'delivered', 'all'] as const)
  state: 'dead' | 'delivered' | 'all' = 'dead';
}

/** The number of deliveries that are repeated. */
export class ReplayedDto {
  count: number;
}

/** It is queued. */
export class SendingDto {
  status: 'accepted';
}

/** The delivery of an event to a receiver. */
export class DeliveryDto {
  id: string;
  /** @example "user.updated" */
  type: string;
  state: DeliveryState;
  /** The number of tries. */
  attempts: number;
  /** null when it isn't retried. */
  next_attempt_at: Date | null;
  created_at: Date;
  delivered_at: Date | null;
  /** The receiver's last status. @example 500 */
  last_status: number | null;
  /** @example "The receiver answered 500." */
  last_error: string | null;
  /** Duration of the last try. @example 42 */
  duration_ms: number | null;
}

export interface DeliveryRow {
  id: string;
  type: string;
  state: 'queued' | 'sent' | 'failed' | 'expired';
  attempts: number;
  dueAt: Date;
  createdAt: Date;
  doneAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  durationMs: number | null;
}

/** The delivery as admins see it. */
export function toDeliveryDto(row: DeliveryRow): DeliveryDto {
  const state = STATES.find((one) => (DELIVERY_STATES[one] as readonly string[]).includes(row.state)) ?? 'queued';
  return {
    id: row.id,
    type: row.type,
    state,
    attempts: row.attempts,
    next_attempt_at: state === 'queued' ? row.dueAt : null,
    created_at: row.createdAt,
    delivered_at: state === 'delivered' ? row.doneAt : null,
    last_status: row.lastStatus,
    last_error: row.lastError,
    duration_ms: row.durationMs,
  };
}

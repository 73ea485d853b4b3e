import { OneOf, Optional, Time } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { EVENT_TYPES } from './event-types.js';

/** What receivers are told of a delivery's state, and what the outbox calls it. */
export const DELIVERY_STATES = { queued: ['queued'], delivered: ['sent'], dead: ['failed', 'expired'] } as const;
export type DeliveryState = keyof typeof DELIVERY_STATES;
const STATES = Object.keys(DELIVERY_STATES) as DeliveryState[];

/** Which deliveries to list. */
export class DeliveriesQuery extends PageQuery {
  /** Only those in this state. */
  @Optional()
  @OneOf(STATES)
  state?: DeliveryState;

  /** Only of this type of event. */
  @Optional()
  @OneOf(EVENT_TYPES)
  type?: (typeof EVENT_TYPES)[number];

  /** Only those made at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Optional()
  @Time()
  since?: string;
}

/** Which deliveries to send again. */
export class ReplayDto {
  /** Those made at or after this time (RFC 3339). @example "2026-01-01T00:00:00Z" */
  @Time()
  since: string;

  /** Those made before this time; now unless said. @example "2026-01-02T00:00:00Z" */
  @Optional()
  @Time()
  until?: string;

  /** Which of them; the dead unless said. */
  @Optional()
  @OneOf(['dead', 'delivered', 'all'] as const)
  state: 'dead' | 'delivered' | 'all' = 'dead';
}

/** How many deliveries are sent again. */
export class ReplayedDto {
  count: number;
}

/** It will be sent. */
export class SendingDto {
  status: 'accepted';
}

/** An event on its way to a receiver, or there. */
export class DeliveryDto {
  id: string;
  /** @example "user.updated" */
  type: string;
  state: DeliveryState;
  /** How often it was tried. */
  attempts: number;
  /** null when it isn't tried again. */
  next_attempt_at: Date | null;
  created_at: Date;
  delivered_at: Date | null;
  /** What the receiver answered last. @example 500 */
  last_status: number | null;
  /** @example "The receiver answered 500." */
  last_error: string | null;
  /** How long the last try took. @example 42 */
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

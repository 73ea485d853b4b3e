/** What the API answers, as far as the console shows it: by openapi.json, not by hand. */
import type { Event } from '../../client/src/schema.d.ts';

export type {
  BulkResult,
  DailyStats as DailyFigures,
  Delivery,
  Event,
  Invitation,
  Mail,
  PasswordResetLink as ResetLink,
  Post,
  Session,
  Stats,
  System,
  User,
  Webhook,
} from '../../client/src/schema.d.ts';

/** Who an event names. */
export type Named = NonNullable<Event['actor']>;

/** A page of any list. */
export interface Page<T> {
  items: T[];
  total: number | null;
  total_is_exact?: boolean;
  skip: number;
  limit: number;
  next_cursor: string | null;
}

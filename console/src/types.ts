/** What the API answers, as far as the console shows it. */
import type { Post, Session, User } from '../../client/src/schema.d.ts';

export type { Post, Session, User };

export interface Page<T> {
  items: T[];
  total: number | null;
  total_is_exact?: boolean;
  skip: number;
  limit: number;
  next_cursor: string | null;
}

export interface Named {
  id: string;
  username: string;
  display_name: string | null;
}

export interface Event {
  id: string;
  at: string;
  action: string;
  outcome: 'success' | 'failure';
  actor_id: string | null;
  user_id: string | null;
  actor?: Named | null;
  user?: Named | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
}

export interface Stats {
  total: number;
  active: number;
  deactivated: number;
  deleted: number;
  locked: number;
  admins: number;
  new_7_days: number;
}

export interface DailyFigures {
  day: string;
  sign_ups: number;
  sign_ins: number;
  failed_sign_ins: number;
  active_users: number;
}

export interface BulkResult {
  id: string;
  status: number;
  code?: string;
}

export interface ResetLink {
  url: string;
  code: string;
  expires_at: string;
}

export interface System {
  build: string;
  node: string;
  postgresql: string;
  started_at: string;
  environment: string;
  pool: { max: number; open: number; idle: number; waiting: number };
  migrations: { name: string; applied: boolean }[];
  signing_keys: { kid: string; alg: string; signs: boolean }[];
  is_draining: boolean;
  settings: { name: string; value: string | null; source: 'default' | 'environment'; is_secret: boolean }[];
  findings: { verdict: 'good' | 'doubtful' | 'bad'; text: string; remedy: string | null }[];
}

export interface Mail {
  id: string;
  kind: string;
  to: string;
  user_id: string | null;
  state: 'queued' | 'sent' | 'failed' | 'expired';
  attempts: number;
  created_at: string;
  sent_at: string | null;
  last_error: string | null;
}

export interface Invitation {
  id: string;
  email: string;
  role: string;
  username: string | null;
  display_name: string | null;
  state: 'open' | 'accepted' | 'expired' | 'revoked';
  invited_by: unknown;
  created_at: string;
  expires_at: string;
  accepted_at: string | null;
  revoked_at: string | null;
  mail: { state: string; last_error: string | null } | null;
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  description: string | null;
  is_active: boolean;
  disabled_reason: string | null;
  created_at: string;
  last_success_at: string | null;
  last_failure_at: string | null;
}

export interface Delivery {
  id: string;
  type: string;
  state: 'queued' | 'delivered' | 'dead';
  attempts: number;
  next_attempt_at: string | null;
  created_at: string;
  delivered_at: string | null;
  last_status: number | null;
  last_error: string | null;
  duration_ms: number | null;
}

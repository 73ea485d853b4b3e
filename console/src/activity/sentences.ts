import { texts } from '../texts.ts';
import type { Event, Named } from '../types.ts';

/** An event as a sentence: about whom, what happened, why, and by whom if it wasn't they themselves. */
export interface Sentence {
  subject: Named | null;
  /** Words for the subject when nobody's name is known. */
  somebody: string;
  words: string;
  by: Named | string | null;
}

/** Tells an event in words; what it has no words for, by its name. */
export function sentenceOf(event: Event): Sentence {
  const { action, outcome, user, actor, user_id, actor_id, details } = event;
  const failed = outcome === 'failure' ? texts.events.failed[action] : undefined;
  const told = failed ?? texts.events.done[action] ?? `: ${action.replaceAll('_', ' ')}`;
  const reason = typeof details['reason'] === 'string' ? details['reason'] : undefined;
  const why = reason && (texts.events.reasons[reason] ?? reason);
  const role =
    details['role'] === 'user' && action === 'user_created' ? undefined : (details['role'] as string | undefined);
  const extra = why ?? role ?? details['count'];
  const isOwn = actor_id === null || actor_id === user_id;
  const subject = user ?? (user_id === null ? (actor ?? null) : null);
  return {
    subject,
    somebody: user_id === null && actor_id === null ? texts.events.somebody : texts.events.gone,
    words: extra ? `${told}: ${extra}` : told,
    by: isOwn || subject === actor ? null : (actor ?? texts.events.gone),
  };
}

/** What an event says of itself besides, for those who want to know. */
export function detailsOf({ details, request_id, id, user_agent, action }: Event): [name: string, value: string][] {
  const told = Object.entries(details).map(([name, value]): [string, string] => [
    name.replaceAll('_', ' '),
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return [
    ...told,
    [texts.events.kind, action],
    [texts.events.device, user_agent ?? '–'],
    [texts.events.request, request_id ?? '–'],
    [texts.events.event, id],
  ];
}

/** Kinds of events by topic, for a filter: the server refuses names that it doesn't know. */
export const TOPICS: Record<string, Event['action'][]> = {
  sign_in: ['login', 'logout'],
  held_back: ['throttled', 'throttle_cleared', 'token_reused'],
  password: ['password_changed', 'password_confirmed', 'password_reset', 'password_reset_requested'],
  accounts: ['register', 'user_created', 'users_imported', 'email_changed', 'role_changed', 'invitation_accepted'],
  state: ['user_activated', 'user_deactivated', 'user_deleted', 'user_restored', 'user_purged'],
  sessions: ['logout', 'sessions_ended', 'token_reused', 'password_changed', 'password_reset'],
  exports: ['exported'],
};

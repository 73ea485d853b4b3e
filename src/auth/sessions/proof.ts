import type { EventTemplate } from '../../audit/recorded.js';

/** The name of the proof that replaces a second factor: the token of a remembered device. */
export const REMEMBERED = 'device';

/**
 * What the statement that starts or confirms a session consumes, so that it works only once under concurrent requests: a
 * time step, a recovery code, a passkey's counter.
 */
export interface Proof {
  /** Names the statement. */
  readonly name: string;
  /**
   * SQL that consumes it, for user `u`, and returns one row `(device_id uuid)` if it could.
   * @param first the number of its first parameter
   */
  readonly sql: (first: number) => string;
  readonly values: readonly unknown[];
  /** Whether it sets up the account's first factor: from then on a second factor is required, and other sessions end. */
  readonly enablesMfa?: boolean;
  /** Further CTEs, such as mails: over `change`, the session, and `u`, its user. @param first as for `sql` */
  readonly also?: (first: number) => string[];
  /** Further audit events of the start or confirmation: over `change`. */
  readonly events?: EventTemplate[];
}

/** Nothing to consume: the authentication has been consumed earlier. */
export const NO_PROOF: Proof = { name: 'unproved', sql: () => 'SELECT NULL::uuid AS device_id', values: [] };

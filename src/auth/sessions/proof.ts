import type { EventTemplate } from '../../audit/recorded.js';

/** The name of the proof that stands for a second factor without being one: a remembered device. */
export const REMEMBERED = 'device';

/**
 * What is spent in the very statement that starts a session or confirms one, so that it works once however many come with
 * it at once: a time step, a recovery code, a passkey's counter.
 */
export interface Proof {
  /** Names the statement. */
  readonly name: string;
  /**
   * A statement that spends it, on user `u`, and returns one row `(device_id uuid)` if it could.
   * @param first the number of its first parameter
   */
  readonly sql: (first: number) => string;
  readonly values: readonly unknown[];
  /** It sets up the account's first factor: from now on a second one is asked for, and other sessions end. */
  readonly enablesMfa?: boolean;
  /** CTEs that hang on it, such as mails: over `change`, the session, and `u`, its user. @param first as for `sql` */
  readonly also?: (first: number) => string[];
  /** What else happened when the session started or was confirmed: over `change`. */
  readonly events?: EventTemplate[];
}

/** Nothing is spent: what was proved, was proved before. */
export const NO_PROOF: Proof = { name: 'unproved', sql: () => 'SELECT NULL::uuid AS device_id', values: [] };

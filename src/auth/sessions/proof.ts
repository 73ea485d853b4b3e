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
}

/** Nothing is spent: what was proved, was proved before. */
export const NO_PROOF: Proof = { name: 'unproved', sql: () => 'SELECT NULL::uuid AS device_id', values: [] };

import type { Budget, Policy } from './policy.js';

/** The outcome of a reserved attempt in one of its budgets. */
export type Outcome = 'counted' | 'released' | 'forgiven' | 'uncounted';

/** An attempt in flight. To be settled once; if it never is, it expires. */
export class Reservation {
  private isSettled = false;

  constructor(
    private readonly budgets: readonly Budget[],
    private readonly settle: (outcomes: Outcome[], passes: string[]) => Promise<void>,
  ) {}

  /** Counts it against these policies; by default against all that it was reserved for. */
  count(...policies: Policy[]): Promise<void> {
    const counts = ({ policy }: Budget) => !policies.length || policies.includes(policy);
    return this.end(this.budgets.map((one) => (counts(one) ? 'counted' : 'released')));
  }

  /** After a success: it isn't counted, earlier failures are reset where the policy allows, and passes are issued. */
  forgive(): Promise<void> {
    return this.end(outcomesOfSuccess(this.budgets), passesOf(this.budgets));
  }

  /** Releases it without counting. Never throws: if it fails, the reservation expires. */
  release(): Promise<void> {
    return this.end(this.budgets.map(() => 'released')).catch(() => undefined);
  }

  private async end(outcomes: Outcome[], passes: string[] = []): Promise<void> {
    if (this.isSettled) return;
    this.isSettled = true;
    await this.settle(outcomes, passes);
  }
}

/** The outcomes of a success, by budget. */
export const outcomesOfSuccess = (budgets: readonly Budget[]): Outcome[] =>
  budgets.map(({ policy }) => (policy.forgivable ? 'forgiven' : 'released'));

/** The passes that a success issues. */
export const passesOf = (budgets: readonly Budget[]): string[] => budgets.flatMap(({ pass }) => pass ?? []);

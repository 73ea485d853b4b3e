import type { Budget, Policy } from './policy.js';

/** What becomes of a reserved attempt in one of its budgets. */
export type Outcome = 'counted' | 'released' | 'forgiven' | 'uncounted';

/** An attempt that is under way. Settled once; what is never settled is given back when it is taken to be lost. */
export class Reservation {
  private isSettled = false;

  constructor(
    private readonly budgets: readonly Budget[],
    private readonly settle: (outcomes: Outcome[], passes: string[]) => Promise<void>,
  ) {}

  /** It counts: against these policies, if any are named, or else against all that it was reserved for. */
  count(...policies: Policy[]): Promise<void> {
    const counts = ({ policy }: Budget) => !policies.length || policies.includes(policy);
    return this.end(this.budgets.map((one) => (counts(one) ? 'counted' : 'released')));
  }

  /** It was a success: it doesn't count, nor does what counted before it where that is forgivable; passes are issued. */
  forgive(): Promise<void> {
    return this.end(outcomesOfSuccess(this.budgets), passesOf(this.budgets));
  }

  /** Nothing was done. Never throws: what can't be given back now is so later. */
  release(): Promise<void> {
    return this.end(this.budgets.map(() => 'released')).catch(() => undefined);
  }

  private async end(outcomes: Outcome[], passes: string[] = []): Promise<void> {
    if (this.isSettled) return;
    this.isSettled = true;
    await this.settle(outcomes, passes);
  }
}

/** What a success means to each of these budgets. */
export const outcomesOfSuccess = (budgets: readonly Budget[]): Outcome[] =>
  budgets.map(({ policy }) => (policy.forgivable ? 'forgiven' : 'released'));

/** The passes that a success is worth. */
export const passesOf = (budgets: readonly Budget[]): string[] => budgets.flatMap(({ pass }) => pass ?? []);

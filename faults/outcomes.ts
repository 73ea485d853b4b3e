/** How requests went, counted. */

/** One request: its status, 0 when it got no answer, and the milliseconds that it took. */
export interface Outcome {
  status: number;
  ms: number;
}

export const isSuccess = ({ status }: Outcome): boolean => status >= 200 && status < 300;

export const isFailure = ({ status }: Outcome): boolean => status === 0 || status >= 400;

/** By status: `503 × 12`; `cut` is a request that got no answer. */
export function countsByStatus(outcomes: Outcome[]): string {
  const counts = new Map<number, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${status || 'cut'} × ${count}`).join(', ') || '–';
}

/** The milliseconds that this share of them took at most; undefined when there are none. */
export function percentile(outcomes: Outcome[], share: number): number | undefined {
  const times = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  return times[Math.floor(times.length * share)];
}

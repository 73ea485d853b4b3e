/** Metrics whose values are queried when they are scraped. */
import { Gauge, type Registry } from 'prom-client';

/** Histogram buckets in seconds. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A gauge with a row of a query for each value of its label. */
interface GaugeOfRows<Label extends string, Row> {
  name: string;
  help: string;
  label: Label;
  /** All values of the label: one without a row is 0. */
  values: readonly string[];
  /** The rows; undefined when the query failed: then the last values are kept. */
  rows: () => Promise<Row[] | undefined>;
  valueOf: (row: Row) => number;
}

export function gaugeOfRows<Label extends string, Row extends Record<Label, string>>(
  registry: Registry,
  { name, help, label, values, rows, valueOf }: GaugeOfRows<Label, Row>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    aggregator: 'max', // all workers read the same table
    registers: [registry],
    async collect() {
      const found = await rows();
      if (!found) return;
      for (const value of values) {
        const row = found.find((one) => one[label] === value);
        this.set({ [label]: value } as Record<Label, string>, row ? valueOf(row) : 0);
      }
    },
  });
}

/**
 * Caches the result of a query for so many milliseconds; one query at a time. Undefined when it failed, so that the caller
 * keeps its last value.
 */
export function rememberFor<T>(milliseconds: number, lookUp: () => Promise<T>): () => Promise<T | undefined> {
  let answer: Promise<T | undefined> | undefined;
  let until = 0;
  return () => {
    if (answer && performance.now() < until) return answer;
    until = performance.now() + milliseconds;
    return (answer = lookUp().catch(() => ((until = 0), undefined)));
  };
}

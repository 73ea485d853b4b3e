import { jest } from '@jest/globals';
import { Reachability } from './reachability.js';

describe('Reachability', () => {
  let reachability: Reachability;

  beforeEach(() => {
    jest.useFakeTimers();
    reachability = new Reachability();
  });
  afterEach(() => void jest.useRealTimers());

  const pass = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

  it('counts from what first failed until something is answered', () => {
    pass(1_000);
    const startedAt = performance.now();
    pass(7_000); // a deadline
    reachability.failed(startedAt);
    pass(3_000);
    expect(reachability.awayWithin(60_000)).toBe(10_000);
    reachability.reached();
    pass(5_000);
    expect(reachability.awayWithin(60_000)).toBe(10_000);
  });

  it('counts only what lies within the time that is asked for', () => {
    reachability.failed(performance.now());
    pass(10_000);
    reachability.reached();
    pass(5_000);
    expect(reachability.awayWithin(8_000)).toBe(3_000);
    expect(reachability.awayWithin(5_000)).toBe(0);
  });

  it('counts nothing while others are answered', () => {
    const startedAt = performance.now();
    pass(6_900);
    reachability.reached();
    pass(100);
    reachability.failed(startedAt);
    expect(reachability.awayWithin(60_000)).toBe(100);
  });

  it('adds outages up', () => {
    for (let i = 0; i < 3; i++) {
      reachability.failed(performance.now());
      pass(1_000);
      reachability.reached();
      pass(1_000);
    }
    expect(reachability.awayWithin(60_000)).toBe(3_000);
  });
});

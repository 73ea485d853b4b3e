import { jest } from '@jest/globals';
import { Lease } from './lease.js';

const never = new AbortController().signal;

describe('a lease', () => {
  afterEach(() => jest.restoreAllMocks());

  /** What the two clocks say from now on, in seconds after the claim. */
  const clocks = (begin: ReturnType<typeof Lease.now>, monotonic: number, wall: number) => {
    jest.spyOn(performance, 'now').mockReturnValue(begin.monotonic + monotonic * 1000);
    jest.spyOn(Date, 'now').mockReturnValue(begin.wall + wall * 1000);
  };

  it.each([
    [0, 0, true],
    [29, 29, true],
    [31, 31, false],
    [61, 61, false],
    [1, 3600, false], // the machine slept
    [3600, 1, false], // somebody set the clock
    [1, -3600, true],
  ])('after %d s and %d s by the wall: may begin %s', (monotonic, wall, mayBegin) => {
    const begin = Lease.now();
    const lease = new Lease(begin, never);
    lease.release();
    clocks(begin, monotonic, wall);
    expect(lease.mayBegin).toBe(mayBegin);
  });

  it('is over after 60 s', () => {
    const begin = Lease.now();
    const lease = new Lease(begin, never);
    lease.release();
    clocks(begin, 59, 59);
    expect([lease.isOver, Math.round(lease.left)]).toEqual([false, 1000]);
    clocks(begin, 60, 60);
    expect([lease.isOver, lease.left]).toEqual([true, 0]);
  });
});

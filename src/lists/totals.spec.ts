import { jest } from '@jest/globals';
import { MOST_COUNTED, type Total, Totals } from './totals.js';

const UNKNOWN: Total = { total: null, isExact: false };
const exactly = (total: number): Total => ({ total, isExact: true });

describe('Totals', () => {
  let totals: Totals;

  beforeEach(() => {
    jest.useFakeTimers();
    totals = new Totals();
  });
  afterEach(() => void jest.useRealTimers());

  /** A count that takes so long, and how often it was asked for. */
  function counting(milliseconds: number, rows = 5) {
    const count = jest.fn(async () => {
      if (milliseconds) await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return rows;
    });
    const get = (key = 'all', table = 'users') => totals.get(table, key, count);
    return { count, get };
  }
  const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

  it('are counted once, however many ask at the same time', async () => {
    const { count, get } = counting(10);
    const asked = Promise.all([get(), get(), get()]);
    await pass(10);
    expect(await asked).toEqual([exactly(5), exactly(5), exactly(5)]);
    expect(count).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a second', 10, 1_000],
    ['20 times what counting took', 200, 4_000],
  ])('are remembered for %s', async (_, cost, age) => {
    const { count, get } = counting(cost);
    void get();
    await pass(cost + age - 1);
    void get();
    expect(count).toHaveBeenCalledTimes(1);
    await pass(1);
    void get();
    expect(count).toHaveBeenCalledTimes(2);
  });

  it('are forgotten when something was written to their table, and to no other', async () => {
    const { count, get } = counting(0);
    await get();
    totals.changed('posts');
    await get();
    expect(count).toHaveBeenCalledTimes(1);
    totals.changed('users');
    await get();
    expect(count).toHaveBeenCalledTimes(2);
  });

  it('that are dear to count outlast a write', async () => {
    const { count, get } = counting(200);
    void get();
    await pass(200);
    totals.changed('users');
    expect(await get()).toEqual(exactly(5));
    expect(count).toHaveBeenCalledTimes(1);
  });

  it('end at 10,000', async () => {
    expect(await counting(0, MOST_COUNTED).get('a')).toEqual(exactly(10_000));
    expect(await counting(0, MOST_COUNTED + 1).get('b')).toEqual({ total: 10_000, isExact: false });
  });

  it('that take more than a second are unknown, also to those who come while they are counted', async () => {
    const { count, get } = counting(1_500);
    const first = get();
    await pass(1_000);
    expect(await first).toEqual(UNKNOWN);
    const late = get();
    await pass(0);
    expect(await late).toEqual(UNKNOWN);
    await pass(500);
    expect(await get()).toEqual(exactly(5));
    expect(count).toHaveBeenCalledTimes(1);
  });

  it('that fail are unknown, and counted anew for the next one', async () => {
    const count = jest.fn(() => Promise.reject<number>(new Error('no')));
    expect(await totals.get('users', 'all', count)).toEqual(UNKNOWN);
    expect(await totals.get('users', 'all', count)).toEqual(UNKNOWN);
    expect(count).toHaveBeenCalledTimes(2);
  });

  it('are counted two at a time', async () => {
    const { count, get } = counting(300);
    const asked = Promise.all(['a', 'b', 'c', 'd'].map((key) => get(key)));
    expect(count).toHaveBeenCalledTimes(2);
    await pass(300);
    expect(count).toHaveBeenCalledTimes(4);
    await pass(300);
    expect(await asked).toEqual(Array(4).fill(exactly(5)));
  });
});

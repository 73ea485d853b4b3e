import { EnvironmentReader } from './environment.js';

describe('EnvironmentReader', () => {
  const read = (env: Record<string, string | undefined>) => new EnvironmentReader(env);

  it('takes an empty or blank value for none', () => {
    const env = read({ A: '', B: '   ', C: undefined });
    expect([env.text('A'), env.text('B'), env.text('C'), env.integer('A', 7, { min: 0, max: 9 })]).toEqual([undefined, undefined, undefined, 7]); // prettier-ignore
    expect(env.problems).toEqual([]);
  });

  it('takes the first name that has a value, trimmed', () => {
    expect(read({ OLD: ' old ', NEW: '' }).text('NEW', 'OLD')).toBe('old');
  });

  it.each(['true', 'TRUE', '1', 'on', 'yes'])('%s is yes', (text) => {
    expect(read({ A: text }).flag('A', false)).toBe(true);
  });

  it.each(['false', 'False', '0', 'off', 'no'])('%s is no', (text) => {
    expect(read({ A: text }).flag('A', true)).toBe(false);
  });

  it.each(['maybe', 'y', '2'])('%s is neither, and is noted', (text) => {
    const env = read({ A: text });
    expect(env.flag('A', true)).toBe(true);
    expect(env.problems).toEqual(['A must be true or false.']);
  });

  it.each(['-1', '1.5', '1e3', '0x10', 'ten', '11', '99999999999999999999', '1 0', '１'])(
    '%s is no number from 0 to 10, and is noted',
    (text) => {
      const env = read({ A: text });
      expect(env.integer('A', 5, { min: 0, max: 10 })).toBe(5);
      expect(env.problems).toEqual(['A must be a whole number from 0 to 10.']);
    },
  );

  it('takes numbers up to both ends', () => {
    const limits = { min: 0, max: 10 };
    expect(['0', '10', '007'].map((A) => read({ A }).integer('A', 5, limits))).toEqual([0, 10, 7]);
  });

  it.each([
    ['5/15m', 5, 900_000],
    ['30 / 1h', 30, 3_600_000],
    ['1/30s', 1, 30_000],
    ['999999/30d', 999_999, 2_592_000_000],
  ])('reads the limit %s', (text, points, window) => {
    expect(read({ A: text }).limit('A', 1, 1)).toEqual({ points, window });
  });

  it.each(['5', '5/m', '0/1h', '5/0m', '5/31d', '-5/1h', '1.5/1h', '5/1w', 'many/1h'])(
    '%s is no limit, and is noted',
    (text) => {
      const env = read({ A: text });
      expect(env.limit('A', 30, 60_000)).toEqual({ points: 30, window: 60_000 });
      expect(env.problems).toEqual([expect.stringContaining('A must be a limit such as 30/1h')]);
    },
  );

  it('knows one of a few words in any case, and notes any other', () => {
    const env = read({ A: 'es256', B: 'RS256' });
    expect(env.oneOf('A', ['HS256', 'ES256'], 'HS256')).toBe('ES256');
    expect(env.oneOf('B', ['HS256', 'ES256'], 'HS256')).toBe('HS256');
    expect(env.problems).toEqual(['B must be one of: HS256, ES256.']);
  });

  it('splits lists at commas', () => {
    expect(read({ A: ' a, b ,,c,' }).list('A')).toEqual(['a', 'b', 'c']);
    expect(read({}).list('A')).toEqual([]);
  });
});

import { Problem } from '../problems.js';
import { impliedTotal, isTimestamp, pageOf, type PageQuery, positionOf } from './pages.js';
import { boundedTotal, type Total } from './totals.js';

interface Row {
  id: string;
  at: string;
}

const LIST = ['rows', 'everyone'];
const rows: Row[] = ['a', 'b', 'c', 'd'].map((letter, i) => ({
  id: `0190a1b2-0000-7000-8000-00000000000${i}`,
  at: `2026-01-0${i + 1}T00:00:00.000Z`,
  letter,
}));
const page = (query: PageQuery, found = rows) =>
  pageOf(found, query, LIST, {
    total: boundedTotal(4),
    position: ({ id, at }) => ({ id, value: at }),
    show: ({ at }) => at,
  });

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error.extras.errors?.[0]?.code : 'something else';
  }
}

describe('pageOf', () => {
  it('shows as many as asked for, and by the one too many that there is a next page', () => {
    expect(page({ limit: 3 })).toMatchObject({
      items: rows.slice(0, 3).map(({ at }) => at),
      skip: 0,
      limit: 3,
      total: 4,
      total_is_exact: true,
    });
    expect(page({ limit: 3 }).next_cursor).toEqual(expect.any(String));
    expect(page({ limit: 4 }).next_cursor).toBeNull();
    expect(page({ limit: 4, skip: 4 }, [])).toMatchObject({ items: [], skip: 4, next_cursor: null });
  });

  it('makes a cursor that leads back to its last row, with clear text enough for an address', () => {
    const cursor = page({ limit: 2 }).next_cursor ?? '';
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(positionOf({ limit: 2, cursor }, LIST)).toEqual({ id: rows[1]?.id, value: rows[1]?.at });
  });
});

describe('positionOf', () => {
  const cursor = page({ limit: 2 }).next_cursor ?? '';

  it('is nowhere without a cursor', () => {
    expect(positionOf({ limit: 2 }, LIST)).toBeUndefined();
  });

  it('keeps values that hold its own separator', () => {
    const made = pageOf(rows, { limit: 1 }, LIST, {
      total: boundedTotal(0),
      position: ({ id }) => ({ id, value: 'a|b|c' }),
      show: (row) => row,
    });
    expect(positionOf({ limit: 1, cursor: made.next_cursor ?? '' }, LIST)?.value).toBe('a|b|c');
  });

  it.each<[string, string, () => unknown]>([
    ['with skip', 'cursor_with_skip', () => positionOf({ limit: 2, skip: 0, cursor }, LIST)],
    ['of another list', 'invalid_cursor', () => positionOf({ limit: 2, cursor }, ['rows', 'friends'])],
    ['that is none', 'invalid_cursor', () => positionOf({ limit: 2, cursor: 'nonsense' }, LIST)],
    ['with a value that can’t be', 'invalid_cursor', () => positionOf({ limit: 2, cursor }, LIST, () => false)],
  ])('refuses a cursor %s', (_, code, work) => {
    expect(codeOf(work)).toBe(code);
  });
});

describe('isTimestamp', () => {
  it('knows what toISOString writes', () => {
    expect(isTimestamp(new Date().toISOString())).toBe(true);
    expect(isTimestamp('0001-01-01T00:00:00.000Z')).toBe(true);
  });

  it.each([
    '2026-01-01',
    '2026-02-30T00:00:00.000Z',
    '0000-01-01T00:00:00.000Z',
    '+012026-01-01T00:00:00.000Z',
    '-000001-01-01T00:00:00.000Z',
    'now()',
    '',
    '2026-01-01T24:00:00.000Z',
  ])(
    // prettier-ignore
    'and not %j',
    (text) => {
      expect(isTimestamp(text)).toBe(false);
    },
  );
});

describe('impliedTotal', () => {
  it.each<[number, PageQuery, Total | undefined]>([
    [0, { limit: 10 }, { total: 0, isExact: true }],
    [7, { limit: 10 }, { total: 7, isExact: true }],
    [10, { limit: 10 }, { total: 10, isExact: true }],
    [11, { limit: 10 }, undefined], // there is a next page
    [3, { limit: 10, skip: 20 }, { total: 23, isExact: true }],
    [0, { limit: 10, skip: 20 }, undefined], // beyond the end
    [0, { limit: 10, skip: 10_000 }, undefined],
    [1, { limit: 10, skip: 10_000 }, { total: 10_000, isExact: false }],
    [3, { limit: 10, cursor: 'x' }, { total: null, isExact: false }],
  ])('%i rows of %j make %j', (found, query, total) => {
    expect(impliedTotal(found, query)).toEqual(total);
  });
});

import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import {
  Clearable,
  idOf,
  isUuid,
  OneLine,
  OneOf,
  Optional,
  QueryBoolean,
  QueryInteger,
  SearchText,
  Length,
} from './fields.js';

class Sample {
  @Clearable() @Length(1, 5) @OneLine() name?: string | null;
  @SearchText() q?: string;
  @Optional() @QueryInteger(0, 100) count?: number;
  @Optional() @QueryBoolean() flag?: boolean;
  @Optional() @OneOf(['red', 'blue']) colour?: string;
}

const read = (value: object) => plainToInstance(Sample, value);
const codesOf = (value: object) =>
  validateSync(read(value), { stopAtFirstError: true }).flatMap(({ constraints }) => Object.keys(constraints ?? {}));

describe('fields', () => {
  it.each([
    {},
    { name: null },
    { name: 'ada' },
    { name: '👩‍👩‍👧' }, // five code points, with joiners that must be allowed
    { name: 'עדה' },
    { q: 'a' },
    { q: 'a'.repeat(100) },
    { count: '0' },
    { count: '100' },
    { count: '007' },
    { flag: 'true' },
    { flag: 'false' },
    { colour: 'red' },
  ])('%j will do', (value) => {
    expect(codesOf(value)).toEqual([]);
  });

  it.each([
    [{ name: '' }, 'length'],
    [{ name: 'abcdef' }, 'length'],
    [{ name: 'a\nb' }, 'one_line'],
    [{ name: 'a\u0085b' }, 'one_line'],
    [{ name: 'a\u2028b' }, 'one_line'],
    [{ name: 'a\u202eb' }, 'one_line'],
    [{ name: '\ufeffa' }, 'one_line'],
    [{ name: '\u200b' }, 'one_line'],
    [{ q: null }, 'isString'],
    [{ q: '' }, 'length'],
    [{ q: ['a'] }, 'isString'],
    [{ count: '' }, 'isInt'],
    [{ count: '1e1' }, 'isInt'],
    [{ count: '0x1' }, 'isInt'],
    [{ count: ' 1' }, 'isInt'],
    [{ count: '+1' }, 'isInt'],
    [{ count: '101' }, 'max'],
    [{ count: '9'.repeat(400) }, 'isInt'],
    [{ count: null }, 'isInt'],
    [{ count: ['1', '2'] }, 'isInt'],
    [{ flag: '1' }, 'isBoolean'],
    [{ flag: null }, 'isBoolean'],
    [{ colour: 'green' }, 'isIn'],
    [{ colour: ['red'] }, 'isIn'],
  ])('%j is refused: %s', (value, code) => {
    expect(codesOf(value)).toContain(code);
  });

  it('turn texts of a query into what they say', () => {
    expect(read({ count: '42', flag: 'false' })).toMatchObject({ count: 42, flag: false });
  });
});

describe('idOf', () => {
  it.each([
    '0190A1B2-C3D4-7E5F-8123-456789ABCDEF',
    '00000000-0000-0000-0000-000000000000',
    '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  ])('%s is one, whatever its version and case', (id) => {
    expect(idOf(id, 'id')).toBe(id.toLowerCase());
  });

  it.each([
    '',
    '1',
    '0190a1b2c3d47e5f8123456789abcdef',
    '{0190a1b2-c3d4-7e5f-8123-456789abcdef}',
    '0190a1b2-c3d4-7e5f-8123-456789abcdef\n',
    'g190a1b2-c3d4-7e5f-8123-456789abcdef',
  ])(
    // prettier-ignore
    '%j is none',
    (id) => {
      expect(isUuid(id)).toBe(false);
      expect(() => idOf(id, 'id')).toThrow(expect.objectContaining({ status: 422 }) as Error);
    },
  );
});

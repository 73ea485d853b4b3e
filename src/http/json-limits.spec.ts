import { hasRefusedEscape, jsonProblem } from './json-limits.js';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const keys = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
const array = (count: number) => JSON.stringify(Array.from({ length: count }, () => 1));

describe('jsonProblem', () => {
  it.each([
    ['an ordinary body', '{"email":"ada@example.com","n":[1,2,{"a":null}]}'],
    ['16 levels', nested(16)],
    ['200 keys', keys(200)],
    ['200 elements', array(200)],
    ['brackets and commas in strings', JSON.stringify(['['.repeat(50), ','.repeat(500), '"\\', ':'.repeat(500)])],
    ['an escaped backslash before u0000', '"\\\\u0000"'],
    ['a surrogate pair', '"\\ud83d\\ude00 \ud83d\ude00"'],
    ['white space in an empty array', '[ \n ]'],
    ['what is no JSON', '{"a'],
    ['the same name in two objects', '{"a":{"b":1},"b":{"b":2}}'],
    ['the same text as name and as value', '{"a":"a","b":"a"}'],
  ])('lets %s pass', (_, text) => {
    expect(jsonProblem(text)).toBeUndefined();
  });

  it.each([
    ['17 levels', nested(17), 'too_complex'],
    ['100,000 levels', '['.repeat(100_000), 'too_complex'],
    ['201 keys', keys(201), 'too_complex'],
    ['201 elements', array(201), 'too_complex'],
    ['keys and elements that are too many together', `[${keys(150)},${array(60)}]`, 'too_complex'],
    ['NUL in a value', '{"a":"x\\u0000"}', 'refused_character'],
    ['NUL in a key', '{"\\u0000":1}', 'refused_character'],
    ['NUL after an escaped backslash', '"\\\\\\u0000"', 'refused_character'],
    ['a lone high surrogate', '"\\ud83d"', 'refused_character'],
    ['a lone low surrogate', '"\\ude00"', 'refused_character'],
    ['surrogates in the wrong order', '"\\ude00\\ud83d"', 'refused_character'],
    ['a name that is there twice', '{"a":1,"b":2,"a":3}', 'malformed_json'],
    ['a name that is there twice, differently escaped', '{"a":1,"\\u0061":2}', 'malformed_json'],
    ['a name that is there twice, deep inside', '[{"x":{"a":1,"a":1}}]', 'malformed_json'],
  ])('refuses %s', (_, text, code) => {
    expect(jsonProblem(text)).toMatchObject({ status: 400, code });
  });
});

describe('hasRefusedEscape', () => {
  it.each([
    ['/api/users?q=a%00b', true],
    ['/api/users?q=%ED%A0%80', true],
    ['/api/users?q=%ed%9f%bf', false],
    ['/api/users?q=%ff', true],
    ['/api/users?q=%c3%a9', false],
    ['/api/users?q=%c3', true],
    ['/api/users?q=100%25', false],
    ['/api/users?q=100%', false],
    ['/api/users', false],
  ])('%s → %s', (url, refused) => {
    expect(hasRefusedEscape(url)).toBe(refused);
  });
});

import { normalizeEmail } from './emails.js';

describe('normalizeEmail', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    ['  Ada@Example.COM ', 'ada@example.com'],
    ['ａｄａ@example.com', 'ada@example.com'],
    ['ada@münchen.example', 'ada@xn--mnchen-3ya.example'],
    ['ada@mu\u0308nchen.example', 'ada@xn--mnchen-3ya.example'],
    ['ada+tag@example.com', 'ada+tag@example.com'],
  ])('%s → %s', (raw, email) => {
    expect(normalizeEmail(raw)).toBe(email);
  });

  it.each([
    ['nothing', ''],
    ['no @', 'ada.example.com'],
    ['no local part', '@example.com'],
    ['no domain', 'ada@'],
    ['no top-level domain', 'ada@localhost'],
    ['a local part that is not ASCII', 'ädä@example.com'],
    ['a zero-width character', 'a\u200bda@example.com'],
    ['a zero-width character in the domain', 'ada@exa\u200bmple.com'],
    ['a bidi override', 'ada\u202e@example.com'],
    ['a control character', 'ada\u0007@example.com'],
    ['a space inside', 'a da@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['a path behind the domain', 'x@evil.example/.example.com'],
    ['a query behind the domain', 'ada@example.com?x'],
    ['a fragment behind the domain', 'ada@example.com#x'],
    ['a port', 'ada@example.com:25'],
    ['a backslash', 'ada@example.com\\.evil.example'],
    ['a percent-encoded domain', 'ada@%65xample.com'],
    ['a full-width slash', 'ada@evil.example／.example.com'],
    ['a sign that is three characters in NFKC', 'ada@evil.example℀.example.com'],
    ['an IPv6 address', 'ada@[::1]'],
    ['a number for an address', 'ada@2130706433'],
    ['a quoted local part', '"ada lovelace"@example.com'],
    ['255 characters', `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com`],
    ['100,000 characters', `${'a'.repeat(100_000)}@example.com`],
  ])('refuses %s', (_, raw) => {
    expect(normalizeEmail(raw)).toBeNull();
  });
});

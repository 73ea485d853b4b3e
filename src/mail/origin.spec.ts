import { inert, plainText } from './inert.js';
import { coarseNetwork, deviceOf } from './origin.js';

describe('where somebody was', () => {
  it.each([
    ['203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '203.0.113.0/24'],
    ['2001:db8:a:b:c::1', '2001:db8:a::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['2001:0DB8:000A::1', '2001:db8:a::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    ['', undefined],
    ['unknown', undefined],
    ['203.0.113', undefined],
  ])('%s is in %s', (ip, network) => {
    expect(coarseNetwork(ip)).toBe(network);
  });

  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox', 'Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
      'Chrome',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0',
      'Edge',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15',
      'Safari',
      'macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari',
      'iOS',
    ],
    [
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36',
      'Chrome',
      'Android',
    ],
    ['curl/8.5.0', 'curl', undefined],
    ['Win-at-evil.example/1.0', undefined, undefined],
    [null, undefined, undefined],
  ])('%s', (userAgent, browser, system) => {
    expect(deviceOf(userAgent)).toEqual({ browser, system });
  });
});

describe('what somebody else chose', () => {
  it.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['Win at evil.example', 'Win at evil\u2024example'],
    ['https://evil.example/a?b', 'https: / / evil\u2024example/a?b'],
    ['müller.bücher', 'müller\u2024bücher'],
    ['Dr. Ada', 'Dr. Ada'],
    ['a\r\nBcc: b', 'a Bcc: b'],
    ['a\u202Eb\u200Bc', 'a b c'],
    ['  ', ''],
  ])('%j becomes %j', (name, shown) => {
    expect(inert(name)).toBe(shown);
  });

  it('is cut at 64 characters, not within one', () => {
    expect([...inert('😀'.repeat(100))]).toHaveLength(64);
    expect(inert('😀'.repeat(64))).toBe('😀'.repeat(64));
  });

  it('keeps its lines where it is a message', () => {
    expect(plainText(' one\r\ntwo\u0000\u202E \n\nthree ')).toBe('one\ntwo\n\nthree');
  });
});

import { httpUrl } from './http-url.js';

describe('httpUrl', () => {
  it.each([
    'https://example.com',
    'http://localhost:3000/ada.png',
    'https://example.com/ada.png?size=2&crop=(1,2)#face',
    'https://example.com/a%20b',
    'http://[2001:db8::1]:8080/x',
    'https://203.0.113.7/x',
  ])('keeps %s as it is', (url) => {
    expect(httpUrl(url)).toBe(url);
  });

  it.each([
    ['https://example.com/ümlaut.png', 'https://example.com/%C3%BCmlaut.png'],
    ['https://bücher.example/a', 'https://xn--bcher-kva.example/a'],
    ['https://example.com/"quoted"', 'https://example.com/%22quoted%22'],
    ['https://example.com/\u202egnp.ada', 'https://example.com/%E2%80%AEgnp.ada'],
  ])('makes a URI of %j', (typed, uri) => {
    expect(httpUrl(typed)).toBe(uri);
    expect(httpUrl(uri)).toBe(uri);
  });

  it.each([
    '',
    'ada.png',
    '//example.com/ada.png',
    'javascript:alert(1)',
    'ftp://example.com/ada.png',
    'https://example.com/a b',
    'https://example.com/%zz',
    'https://example.com/100%',
    'https://example.com:99999/',
    'https://exa mple.com/',
    `https://example.com/${'a'.repeat(2029)}`,
    `https://example.com/${'ü'.repeat(1000)}`, // too long once it is encoded
  ])('refuses %j', (text) => {
    expect(httpUrl(text)).toBeNull();
  });
});

import { EnvironmentReader } from './environment.js';
import { isLocalOrigin, readOrigins } from './origins.js';

function read(text: string) {
  const env = new EnvironmentReader({ CORS_ORIGINS: text });
  return { origins: readOrigins(env), problems: env.problems };
}

describe('CORS_ORIGINS', () => {
  it.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['HTTPS://App.Example.com:443/', 'https://app.example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://[::1]:5173', 'http://[::1]:5173'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['ionic://localhost', 'ionic://localhost'],
    ['tauri://localhost', 'tauri://localhost'],
    ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
    ['moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc/', 'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc'],
  ])('takes %s', (text, origin) => {
    expect(read(text)).toEqual({ origins: [origin], problems: [] });
  });

  it.each(['*', 'https://*.example.com', 'https://app.example.com:*', 'chrome-extension://*'])(
    'refuses %s with a line that says what to do',
    (text) => {
      expect(read(text).problems).toEqual([expect.stringMatching(/^CORS_ORIGINS: .*List each origin/) as string]);
    },
  );

  it.each([
    'null',
    'app.example.com',
    'https://',
    'https://example.com/app',
    'https://example.com?x',
    'https://ada@example.com',
    'data:x',
    'file:///',
    'https://example.com:99999',
  ])(
    // prettier-ignore
    'refuses %s, which is none',
    (text) => {
      expect(read(text).problems).toEqual([expect.stringMatching(/^CORS_ORIGINS: .* is not an origin/) as string]);
    },
  );

  it('is a list', () => {
    expect(read('https://a.example, tauri://localhost,').origins).toEqual(['https://a.example', 'tauri://localhost']);
  });
});

describe('a local origin', () => {
  it('is any port of this machine, by any of its names', () => {
    const local = ['http://localhost', 'http://localhost:4321', 'https://localhost:8443', 'http://127.0.0.1:1', 'http://[::1]:5173']; // prettier-ignore
    expect(local.filter((origin) => !isLocalOrigin(origin))).toEqual([]);
  });

  it('is nothing that only looks like it', () => {
    const others = ['http://localhost.evil.example', 'http://localhost:3000.evil.example', 'http://evil.example/localhost', 'http://127.0.0.1.evil.example', 'http://localhost:3000/', 'http://127.0.0.2', 'http://LOCALHOST:3000', 'ftp://localhost', 'null']; // prettier-ignore
    expect(others.filter(isLocalOrigin)).toEqual([]);
  });
});

import type { EnvironmentReader } from './environment.js';

// also of packaged apps: capacitor://localhost, tauri://localhost, chrome-extension://<id>
const ORIGIN = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@\\\s]+)\/?$/i;
const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Reads CORS_ORIGINS: origins as browsers send them. */
export function readOrigins(env: EnvironmentReader): string[] {
  return env.list('CORS_ORIGINS').map((text) => originOf(text) ?? env.refuse(remarkOn(text), text));
}

/** Whether an origin is localhost, on any port. */
export const isLocalOrigin = (origin: string): boolean => LOCAL.test(origin);

function originOf(text: string): string | undefined {
  const [, scheme, host = ''] = ORIGIN.exec(text) ?? [];
  if (!scheme || host.includes('*')) return undefined;
  const url = URL.parse(text);
  // URL reports the origin "null" for non-web schemes, but browsers send scheme and host
  return url?.origin === 'null' ? `${scheme}${host}`.toLowerCase() : url?.origin;
}

function remarkOn(text: string): string {
  return text.includes('*')
    ? `CORS_ORIGINS: "${text}" has a *, which stands for nothing here. List each origin, such as https://app.example.com.`
    : `CORS_ORIGINS: "${text}" is not an origin such as https://app.example.com.`;
}

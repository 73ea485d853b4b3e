import { assertAsDocumented } from './contract.js';

/** What came back. `body` is parsed JSON, or text when it is none. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects of a body, then looks
export interface Answer<Body = any> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

interface Options {
  headers?: Record<string, string>;
  /** Sent as it is, with no content type of ours. */
  raw?: string | Uint8Array;
  form?: Record<string, string>;
}

/**
 * Calls the server as a front end does: JSON over a socket. Fails on any answer that holds what looks like a secret, or
 * that openapi.json doesn't promise.
 */
export class Api {
  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** The same server, called with this bearer token. */
  as(token: string | { access_token: string }): Api {
    const bearer = typeof token === 'string' ? token : token.access_token;
    return this.with({ authorization: `Bearer ${bearer}` });
  }

  /** The same server, called with these headers besides. */
  with(headers: Record<string, string>): Api {
    return new Api(this.url, { ...this.headers, ...headers });
  }

  get = (path: string, options?: Options) => this.send('GET', path, undefined, options);
  head = (path: string, options?: Options) => this.send('HEAD', path, undefined, options);
  delete = (path: string, options?: Options) => this.send('DELETE', path, undefined, options);
  post = (path: string, body?: unknown, options?: Options) => this.send('POST', path, body, options);
  put = (path: string, body?: unknown, options?: Options) => this.send('PUT', path, body, options);
  patch = (path: string, body?: unknown, options?: Options) => this.send('PATCH', path, body, options);
  form = (path: string, form: Record<string, string>, options?: Options) =>
    this.send('POST', path, undefined, { ...options, form });

  async send(method: string, path: string, body?: unknown, { headers, raw, form }: Options = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...this.headers, ...headers },
      body: raw ?? (form ? new URLSearchParams(form) : body === undefined ? undefined : JSON.stringify(body)),
      redirect: 'manual',
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: parse(text), text };
    assertNoSecretAnswered(answer, `${method} ${path}`);
    assertAsDocumented(method, path, answer);
    return answer;
  }
}

const SECRET_MEMBERS = /hash|generation|counter|(?<!wrong_|current_|new_|has_)password(?!_reset)|^version$|salt/i;
const TOKEN_MEMBERS = new Set(['access_token', 'refresh_token']);
const TOKEN_ROUTES = /\/auth\/(?:login|token|refresh|mfa|step-up|passkeys\/sign-in)\b/;

/** No answer holds a hash, an internal counter or, save where tokens are asked for, a token. */
function assertNoSecretAnswered({ body, status }: Answer, request: string): void {
  if (status >= 400 || !request.includes('/api/')) return;
  for (const name of memberNames(body)) {
    if (SECRET_MEMBERS.test(name) || (TOKEN_MEMBERS.has(name) && !TOKEN_ROUTES.test(request))) {
      throw new Error(`${request} answered with the member "${name}"`);
    }
  }
}

function memberNames(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(Array.isArray(value) ? [] : [name]),
    ...memberNames(inner),
  ]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

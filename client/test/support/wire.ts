type Fetch = (request: Request) => Promise<Response>;

/** A `fetch` that remembers what was sent, and lets a test stand in the way of answers. */
export class Wire {
  /** `METHOD /path` of all that was sent. */
  readonly sent: string[] = [];
  #meddle: (request: Request, pass: Fetch) => Promise<Response> = (request, pass) => pass(request);

  readonly fetch: Fetch = (request) => {
    this.sent.push(`${request.method} ${new URL(request.url).pathname}`);
    return this.#meddle(request, (whole) => fetch(whole));
  };

  /** From now on, requests whose path ends so are answered by this. */
  on(ending: string, answer: (request: Request, pass: Fetch) => Promise<Response>): void {
    const before = this.#meddle;
    this.#meddle = (request, pass) =>
      new URL(request.url).pathname.endsWith(ending) ? answer(request, pass) : before(request, pass);
  }

  /** All goes its way again. */
  off(): void {
    this.#meddle = (request, pass) => pass(request);
  }

  count(what: string): number {
    return this.sent.filter((line) => line.endsWith(what)).length;
  }
}

/** What `fetch` throws when there is no network. */
export const noNetwork = (): Promise<never> => Promise.reject(new TypeError('fetch failed'));

/** A problem as the server would answer it. */
export const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Promise.resolve(
    Response.json(
      { type: 'about:blank', title: code, status, code, detail: code, request_id: 'r-1' },
      { status, headers: { 'content-type': 'application/problem+json', ...headers } },
    ),
  );

/** A door that stays shut until it is opened. */
export function gate(): { passed: Promise<void>; open: () => void } {
  let open = () => undefined as void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/**
 * What the client sends its calls with in the console: the part of openapi-fetch that is used here, in its place
 * (vite.config.ts), because the whole is a tenth of what the console may weigh.
 */

interface Init extends Omit<RequestInit, 'body'> {
  params?: { query?: Record<string, unknown>; header?: Record<string, string> };
  body?: unknown;
  parseAs?: 'json' | 'blob';
}

interface ClientOptions {
  baseUrl: string;
  fetch: (request: Request) => Promise<Response>;
}

/** A method for each HTTP method, as openapi-fetch has. Paths are sent as they are; lists in a query repeat the key. */
export default function createClient({ baseUrl, fetch }: ClientOptions) {
  const call =
    (method: string) =>
    async (path: string, { params, body, parseAs, ...init }: Init = {}) => {
      const headers = new Headers(params?.header);
      if (body !== undefined) headers.set('content-type', 'application/json');
      const url = baseUrl + path + search(params?.query);
      const request = new Request(url, {
        ...init,
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
      const response = await fetch(request);
      if (response.ok && parseAs === 'blob') return { data: await response.blob(), response };
      const text = await response.text();
      if (response.ok) return { data: text ? (JSON.parse(text) as unknown) : undefined, response };
      return { error: parsed(text), response };
    };
  return { GET: call('GET'), POST: call('POST'), PUT: call('PUT'), PATCH: call('PATCH'), DELETE: call('DELETE') };
}

function search(query: Record<string, unknown> = {}): string {
  const members = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value])
      .filter((one) => one !== undefined && one !== null)
      .map((one) => [name, String(one as string | number | boolean)]),
  );
  return members.length ? `?${new URLSearchParams(members).toString()}` : '';
}

/** What a proxy says isn't always JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

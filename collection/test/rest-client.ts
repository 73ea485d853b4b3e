/** As much of VS Code's REST Client as requests.http makes use of. */

/** A request of the file, and what the server answered. */
export interface Exchange {
  name: string;
  request: string;
  status: number;
}

/** Sends the requests of a `.http` file from top to bottom, with these variables in place of the file's own. */
export async function send(file: string, settings: Record<string, string>): Promise<Exchange[]> {
  const variables = new Map<string, string>();
  for (const [, name = '', value = ''] of file.matchAll(/^@(\w+) =(.*)$/gm)) variables.set(name, value.trim());
  for (const [name, value] of Object.entries(settings)) variables.set(name, value);
  const answers = new Map<string, unknown>();
  const fill = (text: string): string =>
    text.replace(/\{\{(.+?)\}\}/g, (_, expression: string) => fill(valueOf(expression, variables, answers)));

  const exchanges: Exchange[] = [];
  for (const block of file.split(/^### /m).slice(1)) {
    const { title, id, method, url, headers, body } = parse(block);
    if (!method) continue;
    const filled = fill(body);
    const type = headers.get('content-type');
    const response = await fetch(fill(url), {
      method,
      headers: [...headers].map(([name, value]): [string, string] => [name, fill(value)]),
      body: filled ? (type?.includes('form') ? new URLSearchParams(filled) : filled) : undefined,
    });
    const text = await response.text();
    if (id && text) answers.set(id, JSON.parse(text));
    exchanges.push({ name: title, request: `${method} ${fill(url)}`, status: response.status });
  }
  return exchanges;
}

function parse(block: string) {
  const [head = '', ...body] = block.split('\n\n');
  const [title = '', ...lines] = head.trim().split('\n');
  const id = lines.find((line) => line.startsWith('# @name '))?.slice(8);
  const [start = '', ...headers] = lines.filter((line) => !line.startsWith('#'));
  const [method = '', url = ''] = start.split(' ');
  const pairs = headers.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { title, id, method, url, headers: new Map(pairs), body: body.join('\n\n').trim() };
}

function valueOf(expression: string, variables: Map<string, string>, answers: Map<string, unknown>): string {
  if (expression === '$timestamp') return String(Math.floor(Date.now() / 1000));
  const [, id = '', place = ''] = /^(\w+)\.response\.body\.(.+)$/.exec(expression) ?? [];
  const value = id ? dig(answers.get(id), place) : variables.get(expression);
  if (typeof value !== 'string') throw new Error(`Nothing has answered {{${expression}}}`);
  return value;
}

const dig = (value: unknown, place: string): unknown =>
  place
    .split(/[.[\]]+/)
    .filter(Boolean)
    .reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

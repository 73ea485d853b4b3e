/** The `.http` format of VS Code's REST Client, which Visual Studio reads as well. */
import { type OpenApi, type Request, requests } from './requests.ts';
import { SETTINGS } from './story.ts';

const HEAD = `# Send them from top to bottom, or sign in and pick: a request takes what it needs from the answers before.`;

/** The whole story in one file. */
export function httpFile(document: OpenApi): string {
  const folders = requests(document);
  const kept = keptBy(folders.flatMap(({ requests }) => requests));
  const settings = Object.entries(SETTINGS).map(([name, value]) => `@${name} = ${value}`.trimEnd());
  const blocks = folders.flatMap(({ folder, requests }) => [
    `### ${folder.name}\n# ${folder.description}`,
    ...requests.map((request) => block(request, kept)),
  ]);
  return [HEAD, settings.join('\n'), kept.map(variable).join('\n'), ...blocks].join('\n\n') + '\n';
}

interface Kept {
  name: string;
  /** The request in whose answer it is, and where there. */
  id: string;
  place: string;
}

/** Here a variable is a place in one answer: that of the first request that keeps it. */
function keptBy(all: Request[]): Kept[] {
  const kept = all.flatMap(({ id, keep }) => Object.entries(keep).map(([name, place]) => ({ name, id, place })));
  return kept.filter(({ name }, index) => kept.findIndex((other) => other.name === name) === index);
}

const variable = ({ name, id, place }: Kept) => `@${name} = {{${id}.response.body.${place}}}`;

function block({ id, name, method, path, query, auth, body }: Request, kept: Kept[]): string {
  const sent = query.filter((one) => one.sent).map(({ name, value }) => `${name}=${value}`);
  return [
    `### ${name}`,
    ...(kept.some((variable) => variable.id === id) ? [`# @name ${id}`] : []),
    `${method} {{base_url}}${path}${sent.length ? `?${sent.join('&')}` : ''}`,
    ...(auth === 'none' ? [] : [`Authorization: Bearer {{${auth === 'admin' ? 'admin_token' : 'token'}}}`]),
    ...(body ? written(body) : []),
  ].join('\n');
}

const written = ({ type, value }: NonNullable<Request['body']>) =>
  type === 'json'
    ? ['Content-Type: application/json', '', JSON.stringify(value, null, 2)]
    : ['Content-Type: application/x-www-form-urlencoded', '', Object.entries(value).map(formMember).join('&')];

const formMember = ([name, value]: [string, unknown]) => `${name}=${String(value)}`;

/** Postman's format, https://schema.postman.com/json/collection/v2.1.0/docs/. */
import type { OpenApi, Parameter, Request } from './requests.ts';
import { requests } from './requests.ts';
import { SECRETS, SETTINGS } from './story.ts';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** The collection: a folder for each part of the story; run it from top to bottom. */
export const collection = (document: OpenApi) => ({
  info: { name: document.info.title, description: 'Run it from top to bottom, or sign in and pick.', schema: SCHEMA },
  auth: bearer('token'),
  item: requests(document).map(({ folder, requests }) => ({
    name: folder.name,
    description: folder.description,
    item: requests.map(item),
  })),
});

/** The environment: what to set, and room for what the requests keep. */
export function environment(document: OpenApi) {
  const kept = requests(document).flatMap(({ folder }) => folder.steps.flatMap(({ keep = {} }) => Object.keys(keep)));
  const variables = { ...SETTINGS, ...Object.fromEntries(kept.map((name) => [name, ''])) };
  return {
    name: document.info.title,
    values: Object.entries(variables).map(([key, value]) => ({
      key,
      value,
      type: SECRETS.has(key) ? 'secret' : 'default',
      enabled: true,
    })),
    _postman_variable_scope: 'environment',
  };
}

const item = (request: Request) => ({
  name: request.name,
  event: [{ listen: 'test', script: { type: 'text/javascript', exec: script(request) } }],
  request: {
    method: request.method,
    description: request.description,
    ...(request.auth === 'none' && { auth: { type: 'noauth' } }),
    ...(request.auth === 'admin' && { auth: bearer('admin_token') }),
    url: urlOf(request),
    header: request.headers.map(parameter),
    ...(request.body && { body: bodyOf(request.body) }),
  },
});

function script({ status, keep }: Request): string[] {
  const answers = `pm.test('answers ${status}', () => pm.response.to.have.status(${status}));`;
  const kept = Object.entries(keep).map(
    ([name, place]) => `pm.environment.set('${name}', pm.response.json().${place});`,
  );
  return [answers, ...(kept.length ? [`if (pm.response.code === ${status}) {`, ...kept.map(indent), '}'] : [])];
}

function urlOf({ path, query }: Request) {
  const sent = query.filter((one) => one.sent).map(({ name, value }) => `${name}=${value}`);
  return {
    raw: `{{base_url}}${path}${sent.length ? `?${sent.join('&')}` : ''}`,
    host: ['{{base_url}}'],
    path: path.slice(1).split('/'),
    query: query.map(parameter),
  };
}

const bodyOf = ({ type, value }: NonNullable<Request['body']>) =>
  type === 'json'
    ? { mode: 'raw', raw: JSON.stringify(value, null, 2), options: { raw: { language: 'json' } } }
    : { mode: 'urlencoded', urlencoded: Object.entries(value).map(([key, text]) => ({ key, value: text })) };

const parameter = ({ name, value, description, sent }: Parameter) => ({
  key: name,
  value,
  description,
  ...(!sent && { disabled: true }),
});

const bearer = (variable: string) => ({
  type: 'bearer',
  bearer: [{ key: 'token', value: `{{${variable}}}`, type: 'string' }],
});

const indent = (line: string) => `  ${line}`;

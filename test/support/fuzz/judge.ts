/** Whether an answer is one that openapi.json promises. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Schema } from '../../../scripts/openapi/document.js';
import { assertAsDocumented, openApi, responseOf, routeOf } from '../contract.js';
import type { FuzzAnswer } from './client.js';
import type { FuzzRequest } from './requests.js';

const ajv = new Ajv2020({ strict: false, allErrors: false });
formats.default(ajv);
ajv.addFormat('password', true);
ajv.addSchema(openApi, 'openapi.json');
const validators = new WeakMap<Schema, ValidateFunction>();

/** What any address may answer, as the document's description says. */
const ANYWHERE = new Set([404, 405, 408, 414, 431]);
/** And what a body that nobody asked for, or an unreadable address, may be refused for. */
const UNREADABLE = new Set([400, 413, 415]);
/** Of what isn't configured in the tests. */
const NOT_CONFIGURED = new Set(['mail_not_configured']);

/** @throws Error that says what is wrong with the answer */
export function judge(request: FuzzRequest, answer: FuzzAnswer): void {
  const { status, headers, text } = answer;
  const body = parse(text);
  const code = (body as { code?: string } | null)?.code ?? '';
  if (status >= 500 && !NOT_CONFIGURED.has(code))
    throw new Error(`A failure of the server: ${status} ${text.slice(0, 300)}`);
  if (!/^[\w.-]{1,64}$/.test(headers.get('x-request-id') ?? '')) throw new Error(`${status} without X-Request-Id`);
  if (request.method === 'OPTIONS' && status === 204) return;
  const path = plain(request.path.split('?', 1)[0] ?? '');
  const route = routeOf(request.method === 'HEAD' ? 'GET' : request.method, path);
  const isUnread = UNREADABLE.has(status) && !route?.operation.requestBody;
  const isEverywhere = isUnread || (ANYWHERE.has(status) && !(route && responseOf(route.operation, status)));
  if (request.method === 'HEAD') {
    if (text) throw new Error('HEAD with a body');
    if (route && !isEverywhere && !responseOf(route.operation, status))
      throw new Error(`An undocumented status: ${status}`);
    return;
  }
  if (!route || isEverywhere) {
    if (status >= 400) return assertValid(body, PROBLEM, headers);
    if (route || path.startsWith('/api/'))
      throw new Error(`${status} by an address of which the document knows nothing`);
    return;
  }
  assertAsDocumented(request.method, path, { ...answer, body });
  const content = responseOf(route.operation, status)?.content;
  const schema = content?.[(headers.get('content-type') ?? '').split(';')[0] ?? '']?.schema;
  if (schema) assertValid(body, schema, headers);
}

const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };

function assertValid(body: unknown, schema: Schema, headers: Headers): void {
  if (schema === PROBLEM && !headers.get('content-type')?.startsWith('application/problem+json'))
    throw new Error('No problem');
  const absolute = () => JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')) as Schema;
  const validate = validators.get(schema) ?? ajv.compile(absolute());
  validators.set(schema, validate);
  if (!validate(body)) throw new Error(`Not as the document says: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`); // prettier-ignore
}

/** The path as the document has it: decoded once, and of tasks in the newer form. */
function plain(path: string): string {
  const decoded = path.replace(/%([3-7][0-9a-f])/gi, (escaped, hex: string) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return /\w/.test(character) ? character : escaped;
  });
  return decoded.replace(/^\/api\/([\da-f-]{36}\/tasks)\b/i, '/api/users/$1');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MediaType, Response } from '../scripts/openapi/document.js';
import { projectFile } from '../src/config/project.js';
import { PROBLEM_CODES } from '../src/problems.js';
import { startApp, type TestApp } from './support/app.js';
import { openApi, resolve, responseOf, type Route, routes, schemaComplaints } from './support/contract.js';
import { routesOf } from './support/routes.js';

/** For browsers, for the document itself, and for older clients, whose paths are no recommendation. */
const UNDOCUMENTED = [
  ...[
    'verify-email',
    'reset-password',
    'confirm-email-change',
    'revert-email-change',
    'accept-invitation',
    'restore-account',
  ] // pages
    .flatMap((page) => [`GET /${page}`, `POST /${page}`]),
  'GET /docs',
  'GET /docs-json',
  'GET /docs/:file',
  'GET /openapi.json',
  'GET /dev/mail',
  'GET /dev/mail/:id',
  'GET /dev/mail.json',
  'DELETE /dev/mail',
  'GET /admin',
  'GET /admin/assets/:file',
  ...['GET', 'POST'].map((method) => `${method} /api/:user_id/tasks`),
  ...['DELETE', 'GET', 'PATCH', 'PUT'].map((method) => `${method} /api/:user_id/tasks/:id`),
];

const PUBLIC = [
  'authorize',
  'completeSignIn',
  'completeSignInByForm',
  'confirmEnrollment',
  'confirmPasswordReset',
  'getHealth',
  'getJwks',
  'getLiveness',
  'getMfaPasskeyOptions',
  'getReadiness',
  'getSignInOptions',
  'issueToken',
  'listProviders',
  'login',
  'logout',
  'previewLink',
  'refreshTokens',
  'registerUser',
  'rejectRegistration',
  'requestPasswordReset',
  'restoreAccount',
  'revertEmailChange',
  'signInByPasskey',
  'startEnrollment',
  'verifyMfa',
];

const EITHER = ['acceptInvitation', 'confirmEmailChange', 'sendVerification', 'verifyEmail'];

const title = ({ method, path }: Route) => `${method.toUpperCase()} ${path}`;

describe('openapi.json', () => {
  it('is what the code says', async () => {
    const script = ['--import', '@swc-node/register/esm-register', 'scripts/openapi.ts', '--check'];
    await promisify(execFile)(process.execPath, script, { cwd: projectFile('') }); // rejects with what the script says of a difference
  }, 60_000);

  it('is OpenAPI 3.1, with operations of unique names', () => {
    const names = routes.map(({ operation }) => operation.operationId);
    expect(openApi.openapi).toBe('3.1.0');
    expect(names).toEqual([...new Set(names)]);
  });

  it('lets anyone do what needs no sign-in, and signs all else by bearer token or password', () => {
    const open = routes.filter(({ operation }) => operation.security?.length === 0);
    expect(open.map(({ operation }) => operation.operationId).sort()).toEqual(PUBLIC);
    const either = routes.filter(({ operation }) => operation.security?.length); // with a bearer token, or with something else
    expect(either.map(({ operation }) => operation.operationId).sort()).toEqual(EITHER);
    expect(openApi.security.flatMap((one) => Object.keys(one)).sort()).toEqual(
      Object.keys(openApi.components.securitySchemes).sort(),
    );
  });

  it('names failing answers for their status', () => {
    const names = Object.keys(openApi.components.responses);
    expect(names).toEqual(expect.arrayContaining(['BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'Conflict', 'OAuthBadRequest'])); // prettier-ignore
    expect(names.filter((name) => /Or[A-Z]/.test(name))).toEqual([]);
  });

  it('calls PUT and PATCH of a thing the same', () => {
    for (const { put, patch } of Object.values(openApi.paths)) {
      if (!put || !patch) continue;
      expect([put.summary, put.description]).toEqual([patch.summary, patch.description]);
    }
  });

  it('has a type of its own for what admins see', () => {
    const { anyOf = [] } = resolve<Response>(openApi.paths['/api/users']?.get?.responses['200'] ?? { $ref: '' }).content?.['application/json']?.schema ?? {}; // prettier-ignore
    expect(anyOf).toEqual([{ $ref: '#/components/schemas/AdminUserPage' }, { $ref: '#/components/schemas/UserPage' }]);
    expect(openApi.components.schemas['AdminUser']?.required).toEqual(expect.arrayContaining(['email', 'deleted_at', 'last_login_at'])); // prettier-ignore
  });

  it('lists every code of a problem', () => {
    expect(openApi.components.schemas['ProblemCode']?.enum).toEqual(PROBLEM_CODES);
  });

  it('has a description for every tag that is used', () => {
    const used = new Set(routes.flatMap(({ operation }) => operation.tags));
    expect(openApi.tags.map(({ name }) => name)).toEqual([...used]);
    expect(openApi.tags.filter(({ description }) => !description)).toEqual([]);
  });

  it('has a description for every schema', () => {
    const schemas = Object.entries(openApi.components.schemas);
    expect(schemas.filter(([, { description }]) => !description).map(([name]) => name)).toEqual([]);
  });

  it('gives examples that keep its own rules', () => {
    const contents = routes.flatMap((route) => contentsOf(route).map((content) => ({ at: title(route), ...content })));
    const wrong = contents.flatMap(({ at, schema, examples }) =>
      Object.entries(examples).flatMap(([name, { value }]) => schemaComplaints(value, schema, `${at} ${name}`)),
    );
    expect(wrong).toEqual([]);
    expect(contents.filter(({ examples }) => Object.keys(examples).length === 0)).toEqual([]);
  });
});

describe('every operation says what it takes, what it does and how it fails', () => {
  it.each(routes.map((route) => [title(route), route] as const))('%s', (_, { path, operation }) => {
    const { operationId, summary, description, tags, parameters = [], requestBody, security } = operation;
    const statuses = Object.keys(operation.responses);
    expect(operationId).toMatch(/^[a-z]+(?:[A-Z][a-z]+)*$/);
    expect(summary).toMatch(/^[A-Z][\w ]{2,40}$/); // a short name
    expect(description).toMatch(/^[A-Z].{5,}\.$/); // and a sentence
    expect(parameters.filter((one) => one.in === 'path' && !(one.example && one.description))).toEqual([]);
    expect(tags).toHaveLength(1);
    expect(statuses.filter((status) => /^[23]/.test(status) && status !== '304')).not.toHaveLength(0);
    expect(statuses).toEqual(expect.arrayContaining(path.startsWith('/api/') ? ['400', '500', '503'] : ['400']));
    if (requestBody) expect(statuses).toEqual(expect.arrayContaining(['413', '415']));
    if (!security) expect(responseOf(operation, 401)?.headers).toHaveProperty('WWW-Authenticate');
    expect(parameters.flatMap((one) => (one.in === 'path' ? `{${one.name}}` : []))).toEqual(
      path.match(/\{\w+\}/g) ?? [],
    );
    for (const status of statuses) expect(responseOf(operation, Number(status))?.description).toBeTruthy();
  });
});

describe('the running server', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('answers what is documented, and nothing else', () => {
    const shape = (route: string) => route.replace(/:[^/]+|\{\w+\}/g, ':'); // the router has its own names for parameters
    expect([...routes.map(title), ...UNDOCUMENTED].map(shape).sort()).toEqual(routesOf(app).map(shape).sort());
  });

  it.each(['/openapi.json', '/docs-json'])('hands it out at %s', async (path) => {
    expect(await app.api.get(path)).toMatchObject({ status: 200, body: openApi });
  });
});

/** All bodies of an operation: of its requests, and of its answers. */
function contentsOf({ operation }: Route): MediaType[] {
  const answers = Object.values(operation.responses).map((response) => resolve<Response>(response).content ?? {});
  return [operation.requestBody?.content ?? {}, ...answers].flatMap((content) => Object.values(content));
}

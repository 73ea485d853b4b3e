import { Mails } from '../src/mail/mails.js';
import type { Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { eventually } from './support/insist.js';
import { addPasskey } from './support/factors.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';
import { routesOf } from './support/routes.js';
import { exchange, head } from './support/wire.js';

/** What a route answers anonymous people, somebody else, the person that it is about, and an admin: in this order. */
type Statuses = [anonymous: number, other: number, self: number, admin: number];

/** Ada, whom the routes are about; bob, who is somebody else; root, an admin. */
interface People {
  app: TestApp;
  ada: Person;
  bob: Person;
  root: Person;
}

interface Feature {
  name: string;
  routes: Record<string, Statuses>;
  /** What stands for the parameters in the paths: something of Ada's. */
  parameters?: (people: People) => Record<string, string> | Promise<Record<string, string>>;
  /** What is sent; made anew for each call. */
  bodies?: Record<string, (people: People) => unknown>;
}

const SIGN_IN = { username: 'ada', password: PASSWORD };
let made = 0;
const newcomer = () => ({ email: `new${++made}@example.com`, username: `newcomer${made}`, password: PASSWORD });
const freshToken = async ({ app }: People) => ({ refresh_token: (await signIn(app, 'ada')).refresh_token });

// prettier-ignore
const FEATURES: Feature[] = [
  {
    name: 'health, docs and keys',
    parameters: () => ({ file: 'start.js' }),
    routes: {
      'GET /health':                              [200, 200, 200, 200],
      'GET /health/live':                         [200, 200, 200, 200],
      'GET /health/ready':                        [200, 200, 200, 200],
      'GET /docs':                                [200, 200, 200, 200],
      'GET /docs/:file':                          [200, 200, 200, 200],
      'GET /docs-json':                           [200, 200, 200, 200],
      'GET /openapi.json':                        [200, 200, 200, 200],
      'GET /.well-known/jwks.json':               [200, 200, 200, 200],
      'GET /admin':                               [308, 308, 308, 308],
      'GET /admin/assets/:file':                  [404, 404, 404, 404], // no build names a file so
    },
  },
  {
    name: 'signing in',
    parameters: async ({ ada }) => {
      const { body } = await ada.api.get('/api/auth/sessions');
      return { id: body.items[0].id as string };
    },
    bodies: {
      'POST /api/auth/register': newcomer,
      'POST /api/auth/login': () => SIGN_IN,
      'POST /api/auth/token': () => SIGN_IN,
      'POST /api/auth/refresh': freshToken,
      'POST /api/auth/logout': freshToken,
      'PUT /api/auth/password': () => ({ current_password: PASSWORD, new_password: PASSWORD }),
      'POST /api/auth/export': () => ({ current_password: PASSWORD }),
    },
    routes: {
      'POST /api/auth/register':                  [201, 201, 201, 201],
      'POST /api/auth/login':                     [200, 200, 200, 200],
      'POST /api/auth/token':                     [200, 200, 200, 200],
      'POST /api/auth/refresh':                   [200, 200, 200, 200],
      'POST /api/auth/logout':                    [204, 204, 204, 204],
      'GET /api/auth/me':                         [401, 200, 200, 200],
      'PUT /api/auth/password':                   [401, 204, 204, 204],
      'GET /api/auth/sessions':                   [401, 200, 200, 200],
      'DELETE /api/auth/sessions':                [401, 204, 204, 204],
      'DELETE /api/auth/sessions/:id':            [401, 404, 204, 404],
      'GET /api/auth/events':                     [401, 200, 200, 200],
      'POST /api/auth/export':                    [401, 200, 200, 200],
    },
  },
  {
    name: 'second factors',
    parameters: ({ ada }) => ({ id: ada.id }),
    bodies: {
      'PUT /api/auth/mfa': () => ({ enabled: false }),
      'POST /api/auth/mfa/totp/confirm': () => ({ setup_token: 'x', code: '123456' }),
      'POST /api/auth/step-up': () => ({ current_password: PASSWORD }),
    },
    routes: {
      'GET /api/auth/mfa':                        [401, 200, 200, 200],
      'PUT /api/auth/mfa':                        [401, 204, 204, 204],
      'POST /api/auth/mfa/totp':                  [401, 200, 200, 200],
      'POST /api/auth/mfa/totp/confirm':          [401, 422, 422, 422],
      'DELETE /api/auth/mfa/totp':                [401, 204, 204, 204],
      'POST /api/auth/mfa/recovery-codes':        [401, 409, 409, 409],
      'POST /api/auth/mfa/verify':                [422, 422, 422, 422],
      'POST /api/auth/mfa/passkey-options':       [422, 422, 422, 422],
      'POST /api/auth/mfa/enroll':                [422, 422, 422, 422],
      'POST /api/auth/mfa/enroll/confirm':        [422, 422, 422, 422],
      'POST /api/auth/step-up':                   [401, 200, 200, 200],
      'POST /api/auth/step-up/passkey-options':   [401, 200, 200, 200],
      'DELETE /api/users/:id/mfa':                [401, 403, 403, 403], // an admin needs a second factor, too
    },
  },
  {
    name: 'passkeys',
    parameters: async ({ ada }) => ({ id: (await addPasskey(ada)).id }),
    bodies: { 'PATCH /api/auth/passkeys/:id': () => ({ name: 'Phone' }) },
    routes: {
      'POST /api/auth/passkeys/options':          [401, 200, 200, 200],
      'POST /api/auth/passkeys':                  [401, 422, 422, 422],
      'GET /api/auth/passkeys':                   [401, 200, 200, 200],
      'PATCH /api/auth/passkeys/:id':             [401, 404, 200, 404],
      'DELETE /api/auth/passkeys/:id':            [401, 404, 204, 404],
      'POST /api/auth/passkeys/sign-in-options':  [200, 200, 200, 200],
      'POST /api/auth/passkeys/sign-in':          [422, 422, 422, 422],
    },
  },
  {
    name: 'remembered devices',
    parameters: async ({ app, ada }) => {
      const [device] = await app.sql<{ id: string }>(
        `INSERT INTO remembered_devices (id, user_id, generation, expires_at)
         SELECT gen_random_uuid(), id, session_generation, now() + interval '1 day' FROM users WHERE id = $1 RETURNING id`,
        [ada.id],
      );
      return { id: device?.id ?? '' };
    },
    routes: {
      'GET /api/auth/devices':                    [401, 200, 200, 200],
      'DELETE /api/auth/devices':                 [401, 204, 204, 204],
      'DELETE /api/auth/devices/:id':             [401, 404, 204, 404],
    },
  },
  {
    name: 'signing in with providers',
    parameters: ({ ada }) => ({ provider: 'google', id: ada.id }), // none is set up
    bodies: {
      'POST /api/auth/providers/:provider/callback': () => ({ code: 'x', state: 'y' }),
      'POST /api/auth/identities': () => ({ link_token: 'lt_x' }),
    },
    routes: {
      'GET /api/auth/providers':                  [200, 200, 200, 200],
      'GET /api/auth/providers/:provider/authorize': [404, 404, 404, 404],
      'GET /api/auth/providers/:provider/callback': [404, 404, 404, 404],
      'POST /api/auth/providers/:provider/callback': [404, 404, 404, 404],
      'GET /api/auth/identities':                 [401, 200, 200, 200],
      'POST /api/auth/identities':                [401, 400, 400, 400],
      'DELETE /api/auth/identities/:id':          [401, 404, 404, 404],
    },
  },
  {
    name: 'users',
    parameters: ({ ada }) => ({ id: ada.id, username: 'ada', email: ada.email, session_id: ada.id }),
    bodies: {
      'POST /api/users': newcomer,
      'PUT /api/users/:id': () => ({ display_name: 'Ada' }),
      'PATCH /api/users/:id': () => ({ display_name: 'Ada' }),
      'POST /api/users/bulk': ({ bob }) => ({ ids: [bob.id], action: 'activate' }),
    },
    routes: {
      'GET /api/users':                           [401, 200, 200, 200],
      'POST /api/users':                          [401, 403, 403, 201],
      'GET /api/users/:id':                       [401, 200, 200, 200],
      'GET /api/users/username/:username':        [401, 200, 200, 200],
      'GET /api/users/email/:email':              [401, 403, 200, 200],
      'PUT /api/users/:id':                       [401, 403, 200, 200],
      'PATCH /api/users/:id':                     [401, 403, 200, 200],
      'DELETE /api/users/:id':                    [401, 403, 204, 204],
      'POST /api/users/:id/restore':              [401, 403, 403, 200],
      'GET /api/users/:id/throttle':              [401, 403, 403, 200],
      'DELETE /api/users/:id/throttle':           [401, 403, 403, 204],
      'GET /api/users/:id/sessions':              [401, 403, 403, 200],
      'DELETE /api/users/:id/sessions':           [401, 403, 403, 204],
      'DELETE /api/users/:id/sessions/:session_id': [401, 403, 403, 404], // all of them are ended by then
      'POST /api/users/bulk':                     [401, 403, 403, 200],
      'GET /api/stats':                           [401, 403, 403, 200],
      'GET /api/stats/daily':                     [401, 403, 403, 422], // which days
      'GET /api/system':                          [401, 403, 403, 200],
      'GET /api/users.csv':                       [401, 403, 403, 200],
      'POST /api/users/import':                   [401, 403, 403, 400], // without a file
      'GET /api/users/export':                    [401, 403, 403, 200],
      'GET /api/users/:id/export':                [401, 403, 403, 200],
      'GET /api/audit-events':                    [401, 403, 403, 200],
      'GET /api/audit-events.csv':                [401, 403, 403, 200],
    },
  },
  {
    name: 'links and codes by mail',
    parameters: ({ ada }) => ({ id: ada.id }),
    bodies: {
      'POST /api/auth/verify-email': () => ({ token: 'ev_x', password: PASSWORD }),
      'POST /api/auth/verify-email/send': () => ({ email: 'ada@example.com' }),
      'POST /api/auth/verify-email/reject': () => ({ token: 'ev_x' }),
      'POST /api/auth/links/preview': () => ({ token: 'ev_x' }),
      'POST /api/auth/password-reset': () => ({ email: 'ada@example.com' }),
      'POST /api/auth/password-reset/confirm': () => ({ token: 'pr_x', new_password: PASSWORD }),
      'POST /api/users/:id/password-reset': () => ({ deliver: 'mail' }),
      'POST /api/auth/email-change/confirm': () => ({ token: 'ec_x', password: PASSWORD }),
      'POST /api/auth/email-change/revert': () => ({ token: 'er_x' }),
      'POST /api/auth/restore-account': () => ({ token: 'ur_x' }),
      'POST /api/auth/delete-account': () => ({ current_password: PASSWORD }),
    },
    routes: {
      'POST /api/auth/verify-email':              [422, 422, 422, 422],
      'POST /api/auth/verify-email/send':         [202, 202, 202, 202],
      'POST /api/auth/verify-email/reject':       [422, 422, 422, 422],
      'POST /api/auth/links/preview':             [422, 422, 422, 422],
      'POST /api/auth/password-reset':            [202, 202, 202, 202],
      'POST /api/auth/password-reset/confirm':    [422, 422, 422, 422],
      'POST /api/users/:id/password-reset':       [401, 403, 403, 202],
      'POST /api/auth/email-change/confirm':      [422, 422, 422, 422],
      'POST /api/auth/email-change/send':         [401, 202, 202, 202],
      'DELETE /api/auth/email-change':            [401, 204, 204, 204],
      'POST /api/auth/email-change/revert':       [422, 422, 422, 422],
      'POST /api/auth/restore-account':           [422, 422, 422, 422],
      'POST /api/auth/delete-account':            [401, 202, 202, 409], // the last admin
    },
  },
  {
    name: 'pages for links in mails',
    bodies: {
      'POST /verify-email': () => ({ token: 'xx_' }),
      'POST /reset-password': () => ({ token: 'xx_' }),
      'POST /confirm-email-change': () => ({ token: 'xx_' }),
      'POST /revert-email-change': () => ({ token: 'xx_' }),
      'POST /accept-invitation': () => ({ token: 'xx_' }),
      'POST /restore-account': () => ({ token: 'xx_' }),
    },
    routes: {
      'GET /verify-email': [200, 200, 200, 200],
      'POST /verify-email': [422, 422, 422, 422],
      'GET /reset-password': [200, 200, 200, 200],
      'POST /reset-password': [422, 422, 422, 422],
      'GET /confirm-email-change': [200, 200, 200, 200],
      'POST /confirm-email-change': [422, 422, 422, 422],
      'GET /revert-email-change': [200, 200, 200, 200],
      'POST /revert-email-change': [422, 422, 422, 422],
      'GET /accept-invitation': [200, 200, 200, 200],
      'POST /accept-invitation': [422, 422, 422, 422],
      'GET /restore-account': [200, 200, 200, 200],
      'POST /restore-account': [422, 422, 422, 422],
    },
  },
  {
    name: 'invitations',
    parameters: async ({ root }) => {
      const { body } = await root.api.post('/api/invitations', { email: newcomer().email });
      return { id: body.id as string };
    },
    bodies: {
      'POST /api/invitations': () => ({ email: newcomer().email }),
      'POST /api/invitations/accept': () => ({ token: 'iv_x' }),
    },
    routes: {
      'GET /api/invitations':                     [401, 403, 403, 200],
      'POST /api/invitations':                    [401, 403, 403, 201],
      'GET /api/invitations/:id':                 [401, 403, 403, 200],
      'POST /api/invitations/:id/resend':         [401, 403, 403, 202],
      'DELETE /api/invitations/:id':              [401, 403, 403, 204],
      'POST /api/invitations/accept':             [422, 422, 422, 422],
    },
  },
  {
    name: 'access tokens',
    parameters: async ({ ada }) => {
      const { body } = await ada.api.post('/api/auth/tokens', { name: 'x', scopes: ['users:read'] });
      return { id: body.id as string };
    },
    bodies: { 'POST /api/auth/tokens': () => ({ name: 'y', scopes: ['users:read'] }) },
    routes: {
      'POST /api/auth/tokens':                    [401, 201, 201, 201],
      'GET /api/auth/tokens':                     [401, 200, 200, 200],
      'DELETE /api/auth/tokens/:id':              [401, 404, 204, 404],
    },
  },
  {
    name: 'tokens of accounts',
    parameters: async ({ ada }) => {
      const { body } = await ada.api.post('/api/auth/tokens', { name: 'x', scopes: ['users:read'] });
      return { id: ada.id, token_id: body.id as string };
    },
    bodies: { 'POST /api/users/:id/tokens': () => ({ name: 'y', scopes: ['users:read'] }) },
    routes: {
      'GET /api/users/:id/tokens':                [401, 403, 403, 200],
      'POST /api/users/:id/tokens':               [401, 403, 403, 403], // people make theirs themselves
      'DELETE /api/users/:id/tokens/:token_id':   [401, 403, 403, 204],
      'DELETE /api/users/:id/tokens':             [401, 403, 403, 204],
    },
  },
  {
    name: 'linked accounts of people',
    parameters: async ({ app, ada }) => {
      const [identity] = await app.sql<{ id: string }>(
        `INSERT INTO identities (id, user_id, provider, issuer, subject) VALUES (gen_random_uuid(), $1, 'work', 'https://id.example.com', gen_random_uuid()) RETURNING id`,
        [ada.id],
      );
      return { id: ada.id, identity_id: identity?.id ?? '' };
    },
    routes: {
      'GET /api/users/:id/identities':                 [401, 403, 403, 200],
      'DELETE /api/users/:id/identities/:identity_id': [401, 403, 403, 204],
    },
  },
  {
    name: 'mails',
    parameters: async ({ app }) => {
      const id = (await app.nest.get(Mails).send('test', { to: 'ada@example.com' })) ?? '';
      await eventually(async () => (await app.sql(`SELECT FROM outbox WHERE id = $1 AND state = 'sent'`, [id])).length > 0);
      return { id };
    },
    bodies: { 'POST /api/mails/test': () => ({ to: 'root@example.com' }) },
    routes: {
      'GET /api/mails':                           [401, 403, 403, 200],
      'POST /api/mails/test':                     [401, 403, 403, 202],
      'POST /api/mails/:id/retry':                [401, 403, 403, 409], // sent by then
      'GET /dev/mail':                            [200, 200, 200, 200],
      'GET /dev/mail.json':                       [200, 200, 200, 200],
      'GET /dev/mail/:id':                        [200, 200, 200, 200],
      'DELETE /dev/mail':                         [204, 204, 204, 204],
    },
  },
  {
    name: 'webhooks',
    parameters: async ({ root }) => {
      const { body } = await root.api.post('/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['webhook.test'] });
      await root.api.post(`/api/webhooks/${body.id}/test`);
      const { body: deliveries } = await root.api.get(`/api/webhooks/${body.id}/deliveries`);
      return { id: body.id as string, delivery_id: deliveries.items[0].id as string };
    },
    bodies: {
      'POST /api/webhooks': () => ({ url: 'http://127.0.0.1:9/', events: ['webhook.test'] }),
      'PATCH /api/webhooks/:id': () => ({ description: 'x' }),
      'POST /api/webhooks/:id/rotate-secret': () => ({}),
      'POST /api/webhooks/:id/replay': () => ({ since: '2026-01-01T00:00:00Z' }),
    },
    routes: {
      'POST /api/webhooks':                       [401, 403, 403, 201],
      'GET /api/webhooks':                        [401, 403, 403, 200],
      'GET /api/webhooks/:id':                    [401, 403, 403, 200],
      'PATCH /api/webhooks/:id':                  [401, 403, 403, 200],
      'POST /api/webhooks/:id/rotate-secret':     [401, 403, 403, 200],
      'POST /api/webhooks/:id/test':              [401, 403, 403, 202],
      'GET /api/webhooks/:id/deliveries':         [401, 403, 403, 200],
      'POST /api/webhooks/:id/deliveries/:delivery_id/retry': [401, 403, 403, 202],
      'POST /api/webhooks/:id/replay':            [401, 403, 403, 202],
      'DELETE /api/webhooks/:id':                 [401, 403, 403, 204],
    },
  },
  {
    name: 'posts',
    parameters: async ({ ada }) => ({ id: (await ada.api.post('/api/posts', { content: 'x' })).body.id as string }),
    bodies: {
      'POST /api/posts': () => ({ content: 'y' }),
      'PUT /api/posts/:id': () => ({ content: 'y' }),
      'PATCH /api/posts/:id': () => ({ content: 'y' }),
    },
    routes: {
      'GET /api/posts':                           [401, 200, 200, 200],
      'POST /api/posts':                          [401, 201, 201, 201],
      'GET /api/posts/:id':                       [401, 200, 200, 200],
      'PUT /api/posts/:id':                       [401, 403, 200, 403],
      'PATCH /api/posts/:id':                     [401, 403, 200, 403],
      'DELETE /api/posts/:id':                    [401, 403, 204, 404], // gone by then
      'PUT /api/posts/:id/like':                  [401, 204, 204, 204],
      'DELETE /api/posts/:id/like':               [401, 204, 204, 204],
      'GET /api/posts/:id/likes':                 [401, 200, 200, 200],
    },
  },
  ...['/api/users/:user_id/tasks', '/api/:user_id/tasks'].map((tasks): Feature => ({
    name: `tasks at ${tasks}`,
    parameters: async ({ ada }) => {
      const { body } = await ada.api.post(`/api/users/${ada.id}/tasks`, { title: 'x' });
      return { user_id: ada.id, id: body.id as string };
    },
    bodies: {
      [`POST ${tasks}`]: () => ({ title: 'y' }),
      [`PUT ${tasks}/:id`]: () => ({ title: 'y' }),
      [`PATCH ${tasks}/:id`]: () => ({ title: 'y' }),
    },
    routes: {
      [`GET ${tasks}`]:                           [401, 403, 200, 403],
      [`POST ${tasks}`]:                          [401, 403, 201, 403],
      [`GET ${tasks}/:id`]:                       [401, 403, 200, 403],
      [`PUT ${tasks}/:id`]:                       [401, 403, 200, 403],
      [`PATCH ${tasks}/:id`]:                     [401, 403, 200, 403],
      [`DELETE ${tasks}/:id`]:                    [401, 403, 204, 403],
    },
  })),
];

describe('who may call what', () => {
  let people: People;
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await meet();
  });
  afterAll(() => app.close());

  /** New people, as the ones before may have signed out, or be gone. */
  async function meet(): Promise<void> {
    await app.sql('TRUNCATE users CASCADE');
    const [ada, bob, root] = await Promise.all([person(app, 'ada'), person(app, 'bob'), admin(app)]);
    people = { app, ada, bob, root };
  }

  it('is said here for every route that there is', () => {
    const shape = (route: string) => route.replace(/:[^/]+/g, ':'); // what a parameter is called is nobody's business
    const listed = FEATURES.flatMap(({ routes }) => Object.keys(routes));
    expect(listed.map(shape).sort()).toEqual(routesOf(app).map(shape).sort());
  });

  it('anybody may call these, and no others', () => {
    const rows = FEATURES.flatMap(({ routes }) => Object.entries(routes));
    expect(
      rows
        .filter(([, [anonymous]]) => anonymous !== 401)
        .map(([route]) => route)
        .sort(),
    ).toEqual(
      [
        'GET /health',
        'GET /health/live',
        'GET /health/ready',
        'GET /docs',
        'GET /docs/:file',
        'GET /docs-json',
        'GET /openapi.json',
        'GET /.well-known/jwks.json',
        'GET /admin',
        'GET /admin/assets/:file',
        'GET /dev/mail',
        'GET /dev/mail/:id',
        'GET /dev/mail.json',
        'DELETE /dev/mail',
        'POST /api/auth/register',
        'POST /api/auth/login',
        'POST /api/auth/token',
        'POST /api/auth/refresh',
        'POST /api/auth/logout',
        'POST /api/auth/mfa/verify',
        'POST /api/auth/mfa/passkey-options',
        'POST /api/auth/mfa/enroll',
        'POST /api/auth/mfa/enroll/confirm',
        'POST /api/auth/passkeys/sign-in-options',
        'POST /api/auth/passkeys/sign-in',
        'GET /api/auth/providers',
        'GET /api/auth/providers/:provider/authorize',
        'GET /api/auth/providers/:provider/callback',
        'POST /api/auth/providers/:provider/callback',
        'POST /api/auth/verify-email',
        'POST /api/auth/verify-email/send',
        'POST /api/auth/verify-email/reject',
        'POST /api/auth/links/preview',
        'POST /api/auth/password-reset',
        'POST /api/auth/password-reset/confirm',
        'POST /api/auth/email-change/confirm',
        'POST /api/auth/email-change/revert',
        'POST /api/auth/restore-account',
        'POST /api/invitations/accept',
        'GET /verify-email',
        'POST /verify-email',
        'GET /reset-password',
        'POST /reset-password',
        'GET /confirm-email-change',
        'POST /confirm-email-change',
        'GET /revert-email-change',
        'POST /revert-email-change',
        'GET /accept-invitation',
        'POST /accept-invitation',
        'GET /restore-account',
        'POST /restore-account',
      ].sort(),
    );
  });

  describe.each(FEATURES)('$name', ({ routes, parameters, bodies }) => {
    afterEach(meet);

    it.each(Object.entries(routes))('%s: %j', async (route, expected) => {
      const [method = '', template = ''] = route.split(' ');
      const values = (await parameters?.(people)) ?? {};
      const path = template.replace(/:(\w+)/g, (_, name: string) => values[name] ?? `no value for ${name}`);
      const statuses: number[] = [];
      for (const api of [app.api, people.bob.api, people.ada.api, people.root.api]) {
        statuses.push((await api.send(method, path, await bodies?.[route]?.(people))).status);
      }
      expect(statuses).toEqual(expected);
    });
  });

  describe('a path in disguise', () => {
    it.each([
      '/api/%61uth/me',
      '/api/auth/%6De',
      '/api/auth/me/',
      '//api/auth/me',
      '/api//auth/me',
      '/api/auth//me',
      '/api/auth/me//',
      '/api/./auth/me',
      '/api/auth/login/../me',
      '/api/auth/%2e%2e/auth/me',
      '/api%2fauth/me',
      '/api/auth%2Fme',
      '/api/auth/me%2f',
      '/api/auth/me%20',
      '/api/auth/me%23',
      '/api/auth/me;admin=1',
      '/api/auth/me.json',
      '/api/auth/me%00',
      '/API/auth/me',
      '\\api\\auth\\me',
      '/api/auth/me?x=1',
      '/api/auth/me#x',
      'http://userhub.test//api/auth/me',
    ])('%s shows nobody anything', async (path) => {
      const answer = await exchange(app.url, head(`GET ${path}`));
      expect([400, 401, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    });

    it.each([
      '/api/audit-events/',
      '/api/%61udit-events',
      '/api/audit%2devents',
      '/api//audit-events',
      '/api/audit-events?limit=1',
    ])('%s shows others no more than the path does', async (path) => {
      expect([403, 404]).toContain((await people.bob.api.get(path)).status);
    });
  });

  describe('HEAD', () => {
    it('is protected as GET is', async () => {
      expect(await app.api.head('/api/auth/me')).toMatchObject({ status: 401, text: '' });
      expect(await people.bob.api.head('/api/audit-events')).toMatchObject({ status: 403 });
      expect(await people.bob.api.head(`/api/users/${people.ada.id}/sessions`)).toMatchObject({ status: 403 });
      expect(await people.root.api.head('/api/audit-events')).toMatchObject({ status: 200, text: '' });
    });
  });

  describe('a method by another name', () => {
    it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])('%s changes nothing', async (header) => {
      const path = `/api/users/${people.ada.id}`;
      expect(await people.ada.api.get(path, { headers: { [header]: 'DELETE' } })).toMatchObject({ status: 200 });
      expect(await app.api.post('/api/auth/me', {}, { headers: { [header]: 'GET' } })).toFailWith(
        405,
        'method_not_allowed',
      );
      expect(await people.ada.api.get('/api/auth/me')).toMatchObject({ status: 200 });
    });

    it('nor does _method in a query', async () => {
      const path = `/api/users/${people.ada.id}`;
      expect(await people.ada.api.get(`${path}?_method=DELETE`)).toFailWith(422, 'validation_failed');
      expect(await people.ada.api.get(path)).toMatchObject({ status: 200 });
    });
  });

  describe('a query where none is read', () => {
    it.each(['/api/auth/me', '/api/auth/sessions', '/api/users/username/ada'])('is refused: %s', async (path) => {
      const answer = await people.ada.api.get(`${path}?colour=red`);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ parameter: 'colour', code: 'unknown_member' }]);
    });

    it('is overlooked by probes and pages', async () => {
      for (const path of ['/health', '/health/live', '/docs']) {
        expect(await app.api.get(`${path}?t=1`)).toMatchObject({ status: 200 });
      }
    });
  });

  describe('a body where none is read', () => {
    const routes: [method: string, path: string][] = [
      ['POST', '/api/auth/email-change/send'],
      ['POST', '/api/users/{ada}/restore'],
      ['DELETE', '/api/users/{ada}/sessions'],
      ['DELETE', '/api/auth/email-change'],
    ];
    const pathOf = (path: string) => path.replace('{ada}', people.ada.id);

    it.each(routes)('is refused: %s %s', async (method, path) => {
      const answer = await people.root.api.send(method, pathOf(path), { colour: 'red' });
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '/colour', code: 'unknown_member' }]);
      expect(await people.root.api.send(method, pathOf(path), [])).toFailWith(422, 'validation_failed');
      expect(await app.api.send(method, pathOf(path), { colour: 'red' })).toFailWith(401, 'not_authenticated');
    });

    it('is as good as none when it is empty', async () => {
      expect(await people.root.api.send('DELETE', '/api/auth/email-change', {})).toMatchObject({ status: 204 });
    });
  });

  describe('at the same moment', () => {
    it('everybody is who they are', async () => {
      const everybody = [people.ada, people.bob, people.root];
      const asked = Array.from({ length: 24 }, (_, i) => everybody[i % 3] as Person);
      const answers = await Promise.all(asked.map(({ api }) => api.get('/api/auth/me')));
      expect(answers.map(({ body }) => body.id as string)).toEqual(asked.map(({ id }) => id));
    });

    it('nobody is let in by somebody else’s token', async () => {
      const calls: Api[] = Array.from({ length: 24 }, (_, i) => (i % 2 ? people.ada.api : app.api.as('nonsense')));
      const statuses = (await Promise.all(calls.map((api) => api.get('/api/auth/me')))).map(({ status }) => status);
      expect(statuses).toEqual(calls.map((_, i) => (i % 2 ? 200 : 401)));
    });
  });
});

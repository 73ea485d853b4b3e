import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { person, type Person } from './support/people.js';
import { decode, forge, type Jwt } from './support/tokens.js';

const HOUR = 3600;

describe('A bearer token', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let real: Jwt;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
    bob = await person(app, 'bob');
    real = decode(ada.tokens.access_token);
  });
  afterAll(() => app.close());

  const now = () => Math.floor(Date.now() / 1000);
  const me = (token: string) => app.api.as(token).get('/api/auth/me');
  const withClaims = (claims: object) => forge(real.header, { ...real.payload, ...claims });
  const withHeader = (header: object, options?: { secret?: string; digest?: string }) =>
    forge({ ...real.header, ...header }, real.payload, options);

  it('made with the secret and the right claims is taken: so it is the change that the others are refused for', async () => {
    expect(await me(forge(real.header, real.payload))).toMatchObject({ status: 200, body: { id: ada.id } });
    expect(await me(withClaims({ jti: randomUUID(), iat: now(), exp: now() + 60 }))).toMatchObject({ status: 200 });
  });

  it('that was taken before is refused once it has expired, and with anything changed', async () => {
    const token = withClaims({ jti: randomUUID(), iat: now(), exp: now() + 2 });
    expect(await me(token)).toMatchObject({ status: 200 });
    expect(await me(token)).toMatchObject({ status: 200 });
    const [head, payload, signature = ''] = token.split('.');
    const other = decode(bob.tokens.access_token).payload;
    const forBob = Buffer.from(JSON.stringify(other)).toString('base64url');
    expect(await me(`${head}.${forBob}.${signature}`)).toFailWith(401, 'invalid_token');
    const flipped = signature.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
    expect(await me(`${head}.${payload}.${flipped}`)).toFailWith(401, 'invalid_token');
    await delay(2_100);
    expect(await me(token)).toFailWith(401, 'invalid_token');
  });

  describe('with another header', () => {
    it.each<[string, () => string]>([
      ['alg none', () => withHeader({ alg: 'none' })],
      ['alg none, unsigned', () => withHeader({ alg: 'none' }).replace(/[^.]*$/, '')],
      ['alg nOnE, unsigned', () => withHeader({ alg: 'nOnE' }).replace(/[^.]*$/, '')],
      ['alg HS256, unsigned', () => withHeader({}).replace(/[^.]*$/, '')],
      ['alg HS384', () => withHeader({ alg: 'HS384' }, { digest: 'sha384' })],
      ['alg HS512', () => withHeader({ alg: 'HS512' }, { digest: 'sha512' })],
      ['alg RS256, signed with our secret', () => withHeader({ alg: 'RS256' })],
      ['alg ES256, signed with our secret', () => withHeader({ alg: 'ES256' })],
      ['alg EdDSA, signed with our secret', () => withHeader({ alg: 'EdDSA' })],
      ['alg hs256', () => withHeader({ alg: 'hs256' })],
      ['alg missing', () => withHeader({ alg: undefined })],
      ['alg a list', () => withHeader({ alg: ['HS256'] })],
      ['typ JWT', () => withHeader({ typ: 'JWT' })],
      ['typ missing', () => withHeader({ typ: undefined })],
      ['typ null', () => withHeader({ typ: null })],
      ['no kid', () => withHeader({ kid: undefined })],
      ['kid unknown', () => withHeader({ kid: 'another' })],
      ['kid a path', () => withHeader({ kid: '../../../../dev/null' }, { secret: '\0' })],
      ['kid an injection', () => withHeader({ kid: "x' UNION SELECT 'secret' --" }, { secret: 'secret' })],
      ['kid of the prototype', () => withHeader({ kid: '__proto__' }, { secret: '[object Object]' })],
      ['kid a constructor', () => withHeader({ kid: 'constructor' })],
      ['kid null', () => withHeader({ kid: null })],
      ['kid a number', () => withHeader({ kid: 0 })],
      ['kid an object', () => withHeader({ kid: { length: 16 } })],
      ['kid empty', () => withHeader({ kid: '' })],
      ['jku', () => withHeader({ jku: `${app.url}/keys.json` })],
      ['jwk', () => withHeader({ jwk: { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') } })],
      ['x5u', () => withHeader({ x5u: 'https://example.com/cert' })],
      ['x5c', () => withHeader({ x5c: ['MII='] })],
      ['crit', () => withHeader({ crit: ['exp'] })],
      ['crit empty', () => withHeader({ crit: [] })],
      ['b64 false', () => withHeader({ b64: false, crit: ['b64'] })],
      ['zip', () => withHeader({ zip: 'DEF' })],
      ['a header that is null', () => forge('null', real.payload)],
      ['a header that is a list', () => forge('["HS256"]', real.payload)],
      ['a header that is no JSON', () => forge('{alg:HS256}', real.payload)],
      ['a header of the prototype', () => forge('{"__proto__":{"alg":"HS256","typ":"at+jwt"}}', real.payload)],
    ])('is refused: %s', async (_, token) => {
      expect(await me(token())).toFailWith(401, 'invalid_token');
    });
  });

  describe('with another signature', () => {
    it.each<[string, () => string]>([
      ['another secret', () => withHeader({}, { secret: 'another secret, long enough to be one.' })],
      ['an empty secret', () => withHeader({}, { secret: '' })],
      ['the secret and a space', () => withHeader({}, { secret: `${SECRET} ` })],
      ['one bit flipped', () => flipped(forge(real.header, real.payload))],
      ['a part too many', () => `${forge(real.header, real.payload)}.e30`],
      ['a part too few', () => forge(real.header, real.payload).split('.').slice(0, 2).join('.')],
      ['in plain base64', () => signedAsPlainBase64(real)],
      [
        'a signature in plain base64',
        () => `${ada.tokens.access_token.split('.').slice(0, 2).join('.')}.${signatureOf(ada)}`,
      ],
      ["another's payload", () => transplanted()],
    ])('is refused: %s', async (_, token) => {
      expect(await me(token())).toFailWith(401, 'invalid_token');
    });

    /** The signature of somebody's token, in the same bytes but padded. */
    const signatureOf = ({ tokens }: Person) =>
      Buffer.from(tokens.access_token.split('.')[2] ?? '', 'base64url').toString('base64');

    function transplanted(): string {
      const [head, , signature] = ada.tokens.access_token.split('.');
      return [head, bob.tokens.access_token.split('.')[1], signature].join('.');
    }
  });

  describe('with other claims', () => {
    it.each<[string, () => object]>([
      ['no exp', () => ({ exp: undefined })],
      ['exp null', () => ({ exp: null })],
      ['exp text', () => ({ exp: String(now() + 60) })],
      ['exp far away', () => ({ exp: now() + 10 * 365 * 24 * HOUR })],
      ['exp a second later than ours', () => ({ iat: now(), exp: now() + HOUR / 2 + 1 })],
      ['exp beyond numbers', () => ({ exp: 1e308 })],
      ['exp past', () => ({ iat: now() - HOUR, exp: now() - HOUR / 2 })],
      ['exp now', () => ({ exp: now() })],
      ['no iat', () => ({ iat: undefined })],
      ['iat in the future', () => ({ iat: now() + 60, exp: now() + 120 })],
      ['iat text', () => ({ iat: 'now' })],
      ['nbf in the future', () => ({ nbf: now() + 60 })],
      ['another issuer', () => ({ iss: 'https://example.com' })],
      ['no issuer', () => ({ iss: undefined })],
      ['issuers', () => ({ iss: ['userhub'] })],
      ['another audience', () => ({ aud: 'another' })],
      ['no audience', () => ({ aud: undefined })],
      ['audiences', () => ({ aud: ['userhub', 'another'] })],
      ['no subject', () => ({ sub: undefined })],
      ['a subject that is no uuid', () => ({ sub: '1' })],
      ['a subject that is an injection', () => ({ sub: "' OR 1=1 --" })],
      ['a subject with NUL', () => ({ sub: `${ada.id}\0` })],
      ['a list of subjects', () => ({ sub: [ada.id] })],
      ["another's subject", () => ({ sub: bob.id })],
      ['nobody as subject', () => ({ sub: randomUUID() })],
      ['no session', () => ({ sid: undefined })],
      ['a session that is no uuid', () => ({ sid: 'x' })],
      ['a session that is none', () => ({ sid: randomUUID() })],
      ["another's session", () => ({ sid: decode(bob.tokens.access_token).payload['sid'] })],
      ['a session that is an object', () => ({ sid: { id: real.payload['sid'] } })],
    ])('is refused: %s', async (_, claims) => {
      expect(await me(withClaims(claims()))).toFailWith(401, 'invalid_token');
    });

    it.each(['null', '7', '"text"', '[]', '{}', 'true', '', '{', '{"sub":'])(
      'is refused: the payload %s',
      async (payload) => {
        expect(await me(forge(real.header, payload))).toFailWith(401, 'invalid_token');
      },
    );

    it('gets no role by claiming one', async () => {
      const token = withClaims({ role: 'admin', is_admin: true, scope: 'admin' });
      expect(await app.api.as(token).get('/api/audit-events')).toFailWith(403, 'forbidden');
    });
  });

  describe('that is none', () => {
    it.each<[string, () => string]>([
      ['a refresh token', () => ada.tokens.refresh_token],
      ['a word', () => 'null'],
      ['dots', () => '..'],
      ['many dots', () => '.'.repeat(2000)],
      ['8 KiB', () => 'eyJ'.padEnd(8000, 'A')],
      ['a JWE', () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.BBBB.CCCC'],
    ])('is refused: %s', async (_, token) => {
      expect(await me(token())).toFailWith(401, 'invalid_token');
    });

    it('is refused: 300 of random junk, none of which is an error of ours', async () => {
      const junk = Array.from({ length: 300 }, (_, i) => junkOf(i, real));
      const answers = await Promise.all(junk.map(me));
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([401]);
      expect(app.logs.filter(({ level }) => level === 'error')).toEqual([]);
    });
  });

  describe('in the wrong place', () => {
    const nobody = async (path: string, headers = {}) =>
      expect(await app.api.get(path, { headers })).toFailWith(401, 'not_authenticated');

    it('is not read from the query', async () => {
      const answer = await app.api.get(`/api/auth/me?access_token=${ada.tokens.access_token}`);
      expect([401, 422]).toContain(answer.status);
    });

    it('is not read from a body', async () => {
      const body = { access_token: ada.tokens.access_token };
      expect(await app.api.delete('/api/auth/sessions', { raw: JSON.stringify(body) })).not.toMatchObject({
        status: 204,
      });
      expect(await app.api.send('DELETE', '/api/auth/sessions', body)).toFailWith(401, 'not_authenticated');
    });

    it('is not read from a cookie or another header', async () => {
      const { access_token } = ada.tokens;
      await nobody('/api/auth/me', { cookie: `access_token=${access_token}` });
      await nobody('/api/auth/me', { 'x-access-token': access_token, 'proxy-authorization': `Bearer ${access_token}` });
    });

    it.each(['Basic', 'Token', 'JWT', 'Digest'])('is not read after the scheme %s', (scheme) =>
      nobody('/api/auth/me', { authorization: `${scheme} ${ada.tokens.access_token}` }),
    );

    it('is read after its scheme in any case', async () => {
      const answer = await app.api.with({ authorization: `bEARER ${ada.tokens.access_token}` }).get('/api/auth/me');
      expect(answer).toMatchObject({ status: 200 });
    });
  });

  it('is asked for as RFC 6750 says', async () => {
    const challenge = async (headers = {}) =>
      (await app.api.get('/api/auth/me', { headers })).headers.get('www-authenticate');
    expect(await challenge()).toBe('Bearer');
    expect(await challenge({ authorization: 'Basic YTpi' })).toBe('Bearer');
    expect(await challenge({ authorization: 'Bearer x' })).toBe('Bearer error="invalid_token"');
  });
});

function flipped(token: string): string {
  const at = token.lastIndexOf('.') + 5;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}

/** `+`, `/` and `=` in place of the letters that URLs can hold, over an input of the same kind. */
function signedAsPlainBase64({ header, payload }: Jwt): string {
  const input = [header, payload].map((part) => Buffer.from(`${JSON.stringify(part)}  `).toString('base64')).join('.');
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64')}`;
}

/** Junk of every kind in turn: bytes, and real tokens with a byte exchanged. */
function junkOf(i: number, { header, payload }: Jwt): string {
  const bytes = randomBytes(1 + (i % 90));
  if (i % 3 === 0) return bytes.toString('base64url');
  if (i % 3 === 1) return [bytes, randomBytes(50), randomBytes(32)].map((part) => part.toString('base64url')).join('.');
  const token = forge(header, payload);
  const at = i % token.length;
  return token.slice(0, at) + '!' + token.slice(at + 1);
}

import { createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import { createDatabase, type TestDatabase } from './support/database.js';
import { startApp, type TestApp } from './support/app.js';
import { person, type Person, signIn, type Tokens } from './support/people.js';
import { decode, forge } from './support/tokens.js';

const [OLD, NEW, FOREIGN] = ['old', 'new', 'foreign'].map((name) => `a ${name} secret of more than 32 bytes in all`) as [string, string, string]; // prettier-ignore

const pemPair = (kind: 'ES256' | 'EdDSA') => {
  const { privateKey, publicKey } =
    kind === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
};

describe('Signing keys', () => {
  let database: TestDatabase;
  const running = new Map<string, Promise<TestApp>>();

  beforeAll(async () => {
    database = await createDatabase();
    await person(await start({ JWT_SECRET_KEY: OLD }), 'ada');
  });
  afterAll(async () => {
    for (const app of await Promise.all(running.values())) await app.close();
    await database.drop();
  });

  /** The server with these settings; the same one for the same settings. */
  async function start(env: Record<string, string>): Promise<TestApp> {
    const name = JSON.stringify(env);
    const app = running.get(name) ?? startApp(env, database);
    running.set(name, app);
    app.catch(() => running.delete(name));
    return app;
  }
  const me = (app: TestApp, { access_token }: Pick<Tokens, 'access_token'>) =>
    app.api.as(access_token).get('/api/auth/me');
  const refresh = (app: TestApp, { refresh_token }: Pick<Tokens, 'refresh_token'>) =>
    app.api.post('/api/auth/refresh', { refresh_token });
  const kidOf = ({ access_token }: Tokens) => decode(access_token).header['kid'];

  describe('by a shared secret', () => {
    it('are rotated without anybody having to sign in again', async () => {
      const before = await signIn(await start({ JWT_SECRET_KEY: OLD }), 'ada');
      const during = await start({ JWT_SECRET_KEY: `${NEW},${OLD}` });
      expect(await me(during, before)).toMatchObject({ status: 200 });
      const { body: renewed } = await refresh(during, before);
      expect(kidOf(renewed as Tokens)).not.toBe(kidOf(before));
      const after = await start({ JWT_SECRET_KEY: NEW });
      expect(await me(after, renewed as Tokens)).toMatchObject({ status: 200 });
      expect(await refresh(after, renewed as Tokens)).toMatchObject({ status: 200 });
      expect(await me(after, before)).toFailWith(401, 'invalid_token');
      expect(await refresh(after, before)).toFailWith(401, 'invalid_refresh_token');
    });

    it('still give the parent the same child, and know the grandparent', async () => {
      const old = await start({ JWT_SECRET_KEY: OLD });
      const first = await signIn(old, 'ada');
      const { body: second } = await refresh(old, first);
      const rotated = await start({ JWT_SECRET_KEY: `${NEW},${OLD}` });
      const { body: third } = await refresh(rotated, second as Tokens);
      const { body: again } = await refresh(rotated, second as Tokens);
      expect((again as Tokens).refresh_token).toBe((third as Tokens).refresh_token);
      expect(await refresh(rotated, first)).toFailWith(401, 'refresh_token_reused');
      expect(await me(rotated, third as Tokens)).toFailWith(401, 'invalid_token');
    });

    it('verify before they sign, so that replicas can be changed one after the other', async () => {
      const [first, last] = [
        await start({ JWT_SECRET_KEY: `${NEW},${OLD}` }),
        await start({ JWT_SECRET_KEY: `${OLD},${NEW}` }),
      ];
      for (const [here, there] of [
        [first, last],
        [last, first],
      ] as const) {
        const tokens = await signIn(here, 'ada');
        expect(await me(there, tokens)).toMatchObject({ status: 200 });
        expect(await refresh(there, tokens)).toMatchObject({ status: 200 });
      }
    });

    it('are looked up by the exact name in the token', async () => {
      const app = await start({ JWT_SECRET_KEY: `${NEW},${OLD}` });
      const { access_token } = await signIn(app, 'ada');
      const { header, payload } = decode(access_token);
      const other = decode((await signIn(await start({ JWT_SECRET_KEY: OLD }), 'ada')).access_token).header['kid'];
      const by = (kid: unknown, secret: string) =>
        me(app, { access_token: forge({ ...header, kid }, payload, { secret }) });
      expect(await by(header['kid'], NEW)).toMatchObject({ status: 200 });
      expect(await by(other, OLD)).toMatchObject({ status: 200 });
      expect(await by(other, NEW)).toFailWith(401, 'invalid_token');
      expect(await by(header['kid'], OLD)).toFailWith(401, 'invalid_token');
      expect(await by(undefined, OLD)).toFailWith(401, 'invalid_token');
      expect(await by(String(header['kid']).toLowerCase(), NEW)).toFailWith(401, 'invalid_token');
      expect(await by(header['kid'], FOREIGN)).toFailWith(401, 'invalid_token');
    });

    it('are never published', async () => {
      const app = await start({ JWT_SECRET_KEY: OLD });
      const { status, body } = await app.api.get('/.well-known/jwks.json');
      expect([status, body]).toEqual([200, { keys: [] }]);
    });

    it('survive a comma at the end of the list', async () => {
      const tokens = await signIn(await start({ JWT_SECRET_KEY: OLD }), 'ada');
      expect(await me(await start({ JWT_SECRET_KEY: `${OLD},` }), tokens)).toMatchObject({ status: 200 });
    });
  });

  describe.each(['ES256', 'EdDSA'] as const)('by a pair of keys (%s)', (JWT_ALGORITHM) => {
    const [old, fresh] = [pemPair(JWT_ALGORITHM), pemPair(JWT_ALGORITHM)];
    let app: TestApp;
    let ada: Person;

    beforeEach(async () => {
      app = await start({ JWT_ALGORITHM, JWT_SECRET_KEY: old.privatePem });
      const tokens = await signIn(app, 'ada');
      ada = { tokens } as Person;
    });

    const jwksOf = async (at: TestApp) => (await at.api.get('/.well-known/jwks.json')).body.keys as (JsonWebKey & { kid: string; alg: string })[]; // prettier-ignore

    it('sign in, refresh and sign out', async () => {
      expect(decode(ada.tokens.access_token).header).toMatchObject({ alg: JWT_ALGORITHM, typ: 'at+jwt' });
      expect(await me(app, ada.tokens)).toMatchObject({ status: 200, body: { username: 'ada' } });
      const { body } = await refresh(app, ada.tokens);
      expect(await me(app, body as Tokens)).toMatchObject({ status: 200 });
      await app.api.as(body as Tokens).post('/api/auth/logout');
      expect(await me(app, body as Tokens)).toFailWith(401, 'invalid_token');
    });

    it('let anybody verify with what is published, and nobody sign', async () => {
      const answer = await app.api.get('/.well-known/jwks.json');
      const [key] = answer.body.keys as [JsonWebKey];
      expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
      expect(Object.keys(key)).not.toContain('d');
      const [head, body, signature] = ada.tokens.access_token.split('.') as [string, string, string];
      const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
      const digest = JWT_ALGORITHM === 'ES256' ? 'sha256' : null;
      expect(verify(digest, Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
      expect(key).toMatchObject({ kid: decode(ada.tokens.access_token).header['kid'], use: 'sig', alg: JWT_ALGORITHM });
    });

    it('are rotated without anybody having to sign in again', async () => {
      const during = await start({ JWT_ALGORITHM, JWT_SECRET_KEY: `${fresh.privatePem}\n${old.privatePem}` });
      expect(await jwksOf(during)).toHaveLength(2);
      expect(await me(during, ada.tokens)).toMatchObject({ status: 200 });
      const { body } = await refresh(during, ada.tokens);
      const after = await start({ JWT_ALGORITHM, JWT_SECRET_KEY: fresh.privatePem });
      expect(await me(after, body as Tokens)).toMatchObject({ status: 200 });
      expect(await refresh(after, body as Tokens)).toMatchObject({ status: 200 });
    });

    it('still verify, but refresh nothing, when only the public half of a retired one is left', async () => {
      const retired = await start({ JWT_ALGORITHM, JWT_SECRET_KEY: `${fresh.privatePem}${old.publicPem}` });
      expect(await me(retired, ada.tokens)).toMatchObject({ status: 200 });
      expect(await refresh(retired, ada.tokens)).toFailWith(401, 'invalid_refresh_token');
    });

    it('are read with line breaks written as \\n', async () => {
      const oneLine = await start({ JWT_ALGORITHM, JWT_SECRET_KEY: old.privatePem.trim().replaceAll('\n', '\\n') });
      expect(await me(oneLine, ada.tokens)).toMatchObject({ status: 200 });
    });

    it('take no token that is signed with the public key as if it were a secret', async () => {
      const { header, payload } = decode(ada.tokens.access_token);
      for (const secret of [old.publicPem, old.publicPem.trim(), JSON.stringify((await jwksOf(app))[0])]) {
        for (const alg of ['HS256', JWT_ALGORITHM]) {
          const access_token = forge({ ...header, alg }, payload, { secret });
          expect(await me(app, { access_token })).toFailWith(401, 'invalid_token');
        }
      }
    });

    it('take no token with a signature of nothing, of another key or of another text', async () => {
      const [head = '', body = '', signature = ''] = ada.tokens.access_token.split('.');
      const zero = Buffer.alloc(64).toString('base64url');
      const other = (await signIn(await start({ JWT_ALGORITHM, JWT_SECRET_KEY: fresh.privatePem }), 'ada'))
        .access_token;
      const [otherHead, otherBody, otherSignature] = other.split('.');
      const forged = [
        [head, body, ''],
        [head, body, zero],
        [head, body, signature.slice(0, 40)],
        [head, body, otherSignature],
        [head, otherBody, signature],
        [head, otherBody, otherSignature],
        [otherHead, otherBody, otherSignature],
        [head, body, signature, ''],
      ];
      for (const parts of forged) {
        expect(await me(app, { access_token: parts.join('.') })).toFailWith(401, 'invalid_token');
      }
    });

    it('take only what claims what ours do', async () => {
      const { header, payload } = decode(ada.tokens.access_token);
      const signed = (claims: object) => {
        const parts = [header, { ...payload, ...claims }].map((part) => Buffer.from(JSON.stringify(part)));
        const text = parts.map((part) => part.toString('base64url')).join('.');
        const digest = JWT_ALGORITHM === 'EdDSA' ? null : 'sha256';
        const key = { key: old.privatePem, dsaEncoding: 'ieee-p1363' } as const;
        return `${text}.${sign(digest, Buffer.from(text), key).toString('base64url')}`;
      };
      expect(await me(app, { access_token: signed({}) })).toMatchObject({ status: 200 });
      expect(await me(app, { access_token: signed({ aud: 'another' }) })).toFailWith(401, 'invalid_token');
      expect(await me(app, { access_token: signed({ exp: 4e9 }) })).toFailWith(401, 'invalid_token');
    });
  });

  describe('of several algorithms', () => {
    const [ec, ed] = [pemPair('ES256'), pemPair('EdDSA')];
    /** The steps of a move: append the new key, restart all, then promote it, and drop the old one in the end. */
    const moves = {
      'HS256 to ES256': [
        { JWT_SECRET_KEY: OLD },
        { JWT_SECRET_KEY: `${OLD},${ec.privatePem}` },
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: `${ec.privatePem},${OLD}` },
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: ec.privatePem },
      ],
      'HS256 to EdDSA': [
        { JWT_SECRET_KEY: OLD },
        { JWT_SECRET_KEY: `${OLD},${ed.privatePem}` },
        { JWT_ALGORITHM: 'EdDSA', JWT_SECRET_KEY: `${ed.privatePem},${OLD}` },
        { JWT_ALGORITHM: 'EdDSA', JWT_SECRET_KEY: ed.privatePem },
      ],
      'ES256 to EdDSA': [
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: ec.privatePem },
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: `${ec.privatePem}${ed.privatePem}` },
        { JWT_ALGORITHM: 'EdDSA', JWT_SECRET_KEY: `${ed.privatePem}${ec.privatePem}` },
        { JWT_ALGORITHM: 'EdDSA', JWT_SECRET_KEY: ed.privatePem },
      ],
      'ES256 back to HS256': [
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: ec.privatePem },
        { JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: `${ec.privatePem},${NEW}` },
        { JWT_SECRET_KEY: `${NEW},${ec.privatePem}` },
        { JWT_SECRET_KEY: NEW },
      ],
    };

    it.each(Object.entries(moves))('are moved from %s without anybody having to sign in again', async (_, steps) => {
      let tokens: Tokens | undefined;
      for (const [index, step] of steps.entries()) {
        const app = await start(step as unknown as Record<string, string>);
        if (tokens) {
          expect(await me(app, tokens)).toMatchObject({ status: 200 });
          const answer = await refresh(app, tokens);
          expect(answer).toMatchObject({ status: 200 });
          tokens = answer.body as Tokens;
        }
        tokens ??= await signIn(app, 'ada');
        // replicas of this step and of the one before run at the same time
        const before = steps[index - 1];
        if (before && index < 3)
          expect(await me(await start(before as unknown as Record<string, string>), tokens)).toMatchObject({
            status: 200,
          });
        expect(decode(tokens.access_token).header['alg']).toBe('JWT_ALGORITHM' in step ? step.JWT_ALGORITHM : 'HS256');
      }
    });

    it('are used each by its own algorithm only', async () => {
      const app = await start({ JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: `${ec.privatePem},${ed.privatePem},${OLD}` });
      const { access_token } = await signIn(app, 'ada');
      const { header, payload } = decode(access_token);
      const kids = (await app.api.get('/.well-known/jwks.json')).body.keys as { kid: string; alg: string }[];
      expect(kids.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA']);
      const secretKid = kidOf(await signIn(await start({ JWT_SECRET_KEY: OLD }), 'ada'));
      const by = (alg: string, kid: unknown, secret: string) =>
        me(app, { access_token: forge({ ...header, alg, kid }, payload, { secret }) });
      expect(await by('HS256', secretKid, OLD)).toMatchObject({ status: 200 });
      for (const { kid } of kids) {
        for (const secret of [OLD, ec.publicPem, ed.publicPem, ec.privatePem]) {
          expect(await by('HS256', kid, secret)).toFailWith(401, 'invalid_token');
        }
      }
      for (const alg of ['ES256', 'EdDSA', 'none', 'HS384'])
        expect(await by(alg, secretKid, OLD)).toFailWith(401, 'invalid_token');
      expect(await by('HS256', undefined, OLD)).toFailWith(401, 'invalid_token');
    });
  });

  describe('that cannot be used', () => {
    const [ec, ed] = [pemPair('ES256'), pemPair('EdDSA')];

    it.each([
      ['a pair of another kind', 'ES256', ed.privatePem],
      ['a pair of another kind', 'EdDSA', ec.privatePem],
      ['only a public half', 'ES256', ec.publicPem],
      ['a public half first', 'EdDSA', `${pemPair('EdDSA').publicPem}${ed.privatePem}`],
      ['a broken block', 'ES256', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
      ['a secret instead', 'ES256', OLD],
      ['a pair for HS256', 'HS256', ec.privatePem],
      [
        'a broken block behind a good one',
        'ES256',
        `${ec.privatePem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`,
      ],
      ['a short secret', 'HS256', 'short'],
      ['a short secret in a list', 'HS256', 'short,shorter'],
    ])('stop the start with a line that names the setting: %s (%s)', async (_, JWT_ALGORITHM, JWT_SECRET_KEY) => {
      await expect(start({ JWT_ALGORITHM, JWT_SECRET_KEY })).rejects.toThrow(/JWT_SECRET_KEY/);
    });
  });
});

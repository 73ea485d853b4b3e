import { generateKeyPairSync } from 'node:crypto';
import { parse } from 'uuid';
import { startApp, type TestApp } from './support/app.js';
import { Authenticator, type CredentialJson, type Deviations } from './support/authenticator.js';
import { addPasskey, codeOf, firstFactor, passkeySignIn, withTotp } from './support/factors.js';
import { PASSWORD, person, type Person } from './support/people.js';
import { decode } from './support/tokens.js';

const PAGE = 'https://app.example.com';
const SETTINGS = {
  WEBAUTHN_RP_ID: 'example.com',
  WEBAUTHN_ORIGINS: `${PAGE},android:apk-key-hash:abc`,
  WEBAUTHN_RP_NAME: 'Example',
};

describe('passkeys', () => {
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp(SETTINGS);
  });
  afterAll(() => app.close());

  const somebody = () => person(app, `ada${++made}`);
  const key = (kind: object = {}) => new Authenticator({ origin: PAGE, ...kind });
  const signIn = (authenticator: Authenticator, deviations?: Deviations) =>
    passkeySignIn(app.api, authenticator, deviations);
  const login = ({ email }: Person, more: object = {}) =>
    app.api.post('/api/auth/login', { email, password: PASSWORD, ...more });
  const rowsOf = ({ id }: Person) =>
    app.sql<{ counter: string; last_used_at: Date | null; user_verified: boolean }>(
      'SELECT * FROM passkeys WHERE user_id = $1 ORDER BY created_at',
      [id],
    );
  const register = async ({ api }: Person, authenticator: Authenticator, deviations?: Deviations) => {
    const { body: options } = await api.post('/api/auth/passkeys/options');
    return api.post('/api/auth/passkeys', { credential: authenticator.create(options, deviations) });
  };

  describe('adding one', () => {
    it('asks the browser for what works everywhere, and for none that is there already', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      const { status, body, headers } = await ada.api.post('/api/auth/passkeys/options');
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(body).toEqual({
        rp: { id: 'example.com', name: 'Example' },
        user: { id: Buffer.from(parse(ada.id)).toString('base64url'), name: ada.email, displayName: ada.username },
        challenge: expect.stringMatching(/^[\w-]{64}$/) as string,
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
        timeout: 300_000,
        excludeCredentials: [
          { id: authenticator.credentials[0]?.id.toString('base64url'), type: 'public-key', transports: ['usb'] },
        ],
        authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'preferred' },
        attestation: 'none',
        extensions: { credProps: true },
      });
      expect(() => authenticator.create(body as never)).toThrow('InvalidStateError');
    });

    it('shows what is known of it, and not what the authenticator calls it', async () => {
      const ada = await somebody();
      const phone = key({ isSynced: true });
      const answer = await register(ada, phone);
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        name: 'Passkey',
        created_at: expect.stringMatching(/Z$/) as string,
        last_used_at: null,
        backed_up: true,
        device_bound: false,
        discoverable: true,
        transports: ['internal', 'hybrid'],
      });
      const { body } = await ada.api.get('/api/auth/passkeys');
      expect(body).toEqual({
        items: [answer.body],
        signal: {
          rp_id: 'example.com',
          user_id: Buffer.from(parse(ada.id)).toString('base64url'),
          accepted_credential_ids: [phone.credentials[0]?.id.toString('base64url')],
        },
      });
      expect((await ada.api.get('/api/auth/me')).body).toMatchObject({ mfa_enabled: false });
      expect(await login(ada)).toMatchObject({ status: 200 });
    });

    it('gives it another name', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const { id } = await addPasskey(ada, key());
      const rename = (who: Person, name: unknown) => who.api.patch(`/api/auth/passkeys/${id}`, { name });
      expect(await rename(ada, 'Phone')).toMatchObject({ status: 200, body: { id, name: 'Phone' } });
      expect(await rename(bob, 'Mine')).toFailWith(404, 'not_found');
      for (const name of ['', ' ', 'a\nb', 'x'.repeat(101), null, 7]) {
        expect(await rename(ada, name)).toFailWith(422, 'validation_failed');
      }
    });

    it('takes from a native app what it may call itself', async () => {
      const ada = await somebody();
      expect(await register(ada, key({ origin: 'android:apk-key-hash:abc' }))).toMatchObject({ status: 201 });
    });

    it('takes one once, whoever comes with it', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const authenticator = key();
      const { body: options } = await ada.api.post('/api/auth/passkeys/options');
      const credential = authenticator.create(options as never);
      const again = () => ada.api.post('/api/auth/passkeys', { credential });
      expect(await again()).toMatchObject({ status: 201 });
      expect(await again()).toFailWith(409, 'passkey_known');
      expect(await bob.api.post('/api/auth/passkeys', { credential })).toFailWith(422, 'validation_failed');
    });

    it('of fifty at once takes one', async () => {
      const ada = await somebody();
      const { body: options } = await ada.api.post('/api/auth/passkeys/options');
      const credential = key().create(options as never);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => ada.api.post('/api/auth/passkeys', { credential })),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.every(({ status }) => [201, 409, 503].includes(status))).toBe(true);
      expect(await rowsOf(ada)).toHaveLength(1);
    });

    it.each<[string, Deviations]>([
      ['another origin', { origin: 'https://app.example.com.evil.test' }],
      ['a page of another port', { origin: `${PAGE}:8443` }],
      ['a page without encryption', { origin: 'http://app.example.com' }],
      ['another domain', { rpId: 'evil.test' }],
      ['a challenge that is none of ours', { challenge: 'AAAA' }],
      ['a signature for signing in', { type: 'webauthn.get' }],
      ['nobody who is there', { userPresent: false }],
      ['an algorithm that was not asked for', { algorithm: -35 }],
      ['an attestation with certificates', { attestation: { fmt: 'packed', statement: new Map([['x5c', [Buffer.from('x')]]]) } }], // prettier-ignore
      ['an attestation of a TPM', { attestation: { fmt: 'tpm', statement: new Map() } }],
      ['an attestation of no kind', { attestation: { fmt: 'none', statement: new Map([['x', 'y']]) } }],
    ])('refuses %s', async (_, deviations) => {
      const ada = await somebody();
      const answer = await register(ada, key(), deviations);
      expect(answer).toFailWith(422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '/credential' }]);
      expect(await rowsOf(ada)).toEqual([]);
    });

    it("refuses a challenge of another session, of another's, of another purpose, and one that is too old", async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const { body: phone } = await login(ada);
      const { body: ofPhone } = await app.api.as(phone).post('/api/auth/passkeys/options');
      const { body: ofBob } = await bob.api.post('/api/auth/passkeys/options');
      const { body: ofSignIn } = await app.api.post('/api/auth/passkeys/sign-in-options');
      const { body: ofStepUp } = await ada.api.post('/api/auth/step-up/passkey-options');
      for (const { challenge } of [ofPhone, ofBob, ofSignIn, ofStepUp]) {
        expect(await register(ada, key(), { challenge: challenge as string })).toFailWith(422, 'validation_failed');
      }
      const { body: options } = await ada.api.post('/api/auth/passkeys/options');
      const credential = key().create(options as never);
      await later(6, async () => {
        expect(await ada.api.post('/api/auth/passkeys', { credential })).toFailWith(422, 'validation_failed');
      });
    });

    it.each([
      {},
      { credential: null },
      { credential: 'x' },
      { credential: [] },
      { credential: {} },
      { credential: { id: 'x', rawId: 'x', type: 'public-key', response: {} } },
      {
        credential: {
          id: 'x',
          rawId: 'x',
          type: 'public-key',
          response: { clientDataJSON: '', attestationObject: '' },
        },
      },
      {
        credential: {
          id: 'x',
          rawId: 'x',
          type: 'public-key',
          response: { clientDataJSON: 'e30', attestationObject: 'oA', transports: 'usb' },
        },
      },
    ])('refuses %j', async (body) => {
      const ada = await somebody();
      expect(await ada.api.post('/api/auth/passkeys', body)).toFailWith(422, 'validation_failed');
    });
  });

  describe('signing in by nothing else', () => {
    it('is two factors in one', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      const { body: options } = await app.api.post('/api/auth/passkeys/sign-in-options');
      expect(options).toEqual({
        challenge: expect.stringMatching(/^[\w-]{64}$/) as string,
        rpId: 'example.com',
        timeout: 300_000,
        userVerification: 'required',
      });
      const { status, body, headers } = await signIn(authenticator);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(decode(body.access_token as string).payload).toMatchObject({
        sub: ada.id,
        amr: ['hwk', 'user', 'mfa'],
        acr: 'aal2',
      });
      expect(await rowsOf(ada)).toMatchObject([{ counter: '1', last_used_at: expect.any(Date) as Date }]);
    });

    it('says of a synced one that it is software', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key({ isSynced: true }));
      for (let times = 0; times < 2; times++) {
        const { body } = await signIn(authenticator);
        expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['swk', 'user', 'mfa'] });
      }
    });

    it('asks for nothing more where a second factor is on', async () => {
      const ada = await withTotp(app, await somebody());
      const { authenticator } = await addPasskey(ada, key());
      expect(await signIn(authenticator)).toMatchObject({ status: 200 });
    });

    it('works once with one challenge', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key({ isSynced: true }));
      const { credential } = await signIn(authenticator);
      expect(await app.api.post('/api/auth/passkeys/sign-in', { credential })).toFailWith(401, 'invalid_passkey');
      const { body: options } = await app.api.post('/api/auth/passkeys/sign-in-options');
      const [one] = [authenticator.get(options as never)];
      const answers = await Promise.all(Array.from({ length: 50 }, () => app.api.post('/api/auth/passkeys/sign-in', { credential: one }))); // prettier-ignore
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.every(({ status }) => [200, 401, 503].includes(status))).toBe(true);
    });

    it.each<[string, Deviations]>([
      ['without user verification', { userVerified: false }],
      ['without anybody there', { userPresent: false }],
      ['from another origin', { origin: 'https://evil.test' }],
      ['for another domain', { rpId: 'evil.test' }],
      ['by another key', { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
      ['of a challenge that is none of ours', { challenge: 'AAAA' }],
      ['of a registration', { type: 'webauthn.create' }],
      ['for another user', { userHandle: Buffer.alloc(16).toString('base64url') }],
      ['with a counter that stands still', { counter: 1 }],
      ['with a counter that goes back', { counter: 0 }],
    ])('refuses a signature %s', async (_, deviations) => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      await signIn(authenticator); // the counter is 1 now
      expect(await signIn(authenticator, deviations)).toFailWith(401, 'invalid_passkey');
      expect(await signIn(authenticator)).toMatchObject({ status: 200 });
    });

    it('records a counter that stood still, and lets nobody lock the real key out with one that jumps', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      await signIn(authenticator);
      await signIn(authenticator, { counter: 1 });
      const events = await app.sql(`SELECT outcome FROM audit_events WHERE user_id = $1 AND action = 'passkey_counter'`, [ada.id]); // prettier-ignore
      expect(events).toEqual([{ outcome: 'failure' }]);
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      expect(await signIn(authenticator, { counter: 500, key: privateKey })).toFailWith(401, 'invalid_passkey');
      expect(await signIn(authenticator, { counter: 1, key: privateKey })).toFailWith(401, 'invalid_passkey');
      expect(await app.sql(`SELECT FROM audit_events WHERE user_id = $1 AND action = 'passkey_counter'`, [ada.id])).toHaveLength(1); // prettier-ignore
      expect(await signIn(authenticator)).toMatchObject({ status: 200 });
    });

    it('of two that were signed one after the other, and come in the other order, takes the later', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      const options = async () => (await app.api.post('/api/auth/passkeys/sign-in-options')).body as never;
      const [first, second] = [authenticator.get(await options()), authenticator.get(await options())];
      expect(await app.api.post('/api/auth/passkeys/sign-in', { credential: second })).toMatchObject({ status: 200 });
      expect(await app.api.post('/api/auth/passkeys/sign-in', { credential: first })).toFailWith(
        401,
        'invalid_passkey',
      );
    });

    it('tells of an unknown passkey only when nobody has it', async () => {
      const ada = await somebody();
      const { id, authenticator } = await addPasskey(ada, key());
      await app.sql('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
      expect(await signIn(authenticator)).toFailWith(401, 'invalid_passkey');
      await app.sql('UPDATE users SET is_active = true WHERE id = $1', [ada.id]);
      expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
      expect(await signIn(authenticator)).toFailWith(401, 'unknown_passkey');
    });

    it('refuses a challenge for something else, and one that is too old', async () => {
      const ada = await withTotp(app, await somebody());
      const { authenticator } = await addPasskey(ada, key());
      const { body: ofStepUp } = await ada.api.post('/api/auth/step-up/passkey-options');
      const { body: ofNew } = await ada.api.post('/api/auth/passkeys/options');
      const mfa_token = await firstFactor(app.api, ada);
      const { body: ofMfa } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
      for (const { challenge } of [ofStepUp, ofNew, ofMfa]) {
        expect(await signIn(authenticator, { challenge: challenge as string })).toFailWith(401, 'invalid_passkey');
      }
      const { body: options } = await app.api.post('/api/auth/passkeys/sign-in-options');
      const credential = authenticator.get(options as never);
      await later(6, async () => {
        expect(await app.api.post('/api/auth/passkeys/sign-in', { credential })).toFailWith(401, 'invalid_passkey');
      });
    });

    it.each([
      ['no base64url', { clientDataJSON: '!!' }],
      ['no JSON', { clientDataJSON: Buffer.from('{').toString('base64url') }],
      ['null', { clientDataJSON: Buffer.from('null').toString('base64url') }],
      ['a number for a challenge', { clientDataJSON: Buffer.from('{"challenge":1}').toString('base64url') }],
      ['empty authenticator data', { authenticatorData: '' }],
      ['short authenticator data', { authenticatorData: 'AAAA' }],
      ['an empty signature', { signature: '' }],
    ])('refuses what is none: %s', async (_, response) => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      const { body: options } = await app.api.post('/api/auth/passkeys/sign-in-options');
      const credential = authenticator.get(options as never);
      const bent = { ...credential, response: { ...credential.response, ...response } };
      expect(await app.api.post('/api/auth/passkeys/sign-in', { credential: bent })).toFailWith(401, 'invalid_passkey');
    });

    it('goes by nothing that a client can write into a header', async () => {
      const ada = await somebody();
      const { authenticator } = await addPasskey(ada, key());
      const headers = { 'x-forwarded-host': 'evil.test', origin: 'https://evil.test', 'user-agent': 'evil.test' };
      const evil = app.api.with(headers);
      const { body: options } = await evil.post('/api/auth/passkeys/sign-in-options');
      expect(options).toMatchObject({ rpId: 'example.com' });
      const deviations = { origin: 'https://evil.test', rpId: 'evil.test' };
      const credential = authenticator.get(options as never, deviations);
      expect(await evil.post('/api/auth/passkeys/sign-in', { credential })).toFailWith(401, 'invalid_passkey');
    });
  });

  describe('as a second factor', () => {
    const protectedByKey = async (kind?: object) => {
      const ada = await somebody();
      const { id, authenticator } = await addPasskey(ada, key(kind));
      const { status, body } = await ada.api.put('/api/auth/mfa', { enabled: true });
      expect(status).toBe(200);
      expect(body.recovery_codes).toHaveLength(10);
      expect(decode(body.access_token as string).payload).toMatchObject({ acr: 'aal2' });
      const recoveryCodes = body.recovery_codes as string[];
      return { ada: { ...ada, api: app.api.as(body.access_token as string) }, id, authenticator, recoveryCodes };
    };
    const answerFor = async (mfa_token: string, authenticator: Authenticator, deviations?: Deviations) => {
      const { body: options } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
      const passkey: CredentialJson = authenticator.get(options as never, deviations);
      return app.api.post('/api/auth/mfa/verify', { mfa_token, passkey });
    };

    it('is asked for once it is switched on, and needs no user verification', async () => {
      const { ada, authenticator } = await protectedByKey({ verifiesUser: false });
      const answer = await login(ada);
      expect(answer).toFailWith(403, 'mfa_required');
      expect(answer.body.mfa.methods).toEqual(['passkey', 'recovery_code']);
      const mfa_token = answer.body.mfa.token as string;
      const { body: options } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
      expect(options).toMatchObject({ allowCredentials: [{ type: 'public-key' }], userVerification: 'preferred' });
      const { status, body } = await answerFor(mfa_token, authenticator);
      expect(status).toBe(200);
      expect(decode(body.access_token as string).payload).toMatchObject({ amr: ['pwd', 'hwk', 'mfa'], acr: 'aal2' });
      expect(await signIn(authenticator)).toFailWith(401, 'invalid_passkey'); // alone it is one factor
    });

    it("isn't somebody else's, nor one of nobody, nor for another sign-in", async () => {
      const { ada, authenticator } = await protectedByKey();
      const mallory = await protectedByKey();
      const mfa_token = await firstFactor(app.api, ada);
      const { body: options } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
      const verify = (passkey: CredentialJson) => app.api.post('/api/auth/mfa/verify', { mfa_token, passkey });
      const [theirs] = mallory.authenticator.credentials;
      if (!theirs) throw new Error('There is one');
      const signed = mallory.authenticator.sign(theirs, options.challenge as string);
      expect(await verify(signed)).toFailWith(401, 'invalid_passkey');
      const stranger = key();
      stranger.create({ challenge: '', rp: { id: 'example.com' }, user: { id: '' } });
      const any = { ...(options as object), allowCredentials: [] };
      expect(await verify(stranger.get(any as never))).toFailWith(401, 'invalid_passkey');
      const { body: other } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token: await firstFactor(app.api, ada) }); // prettier-ignore
      expect(await verify(authenticator.get(other as never))).toFailWith(401, 'invalid_passkey');
      const { body: alone } = await app.api.post('/api/auth/passkeys/sign-in-options');
      expect(await verify(authenticator.get(alone as never))).toFailWith(401, 'invalid_passkey');
      expect(await verify(authenticator.get(options as never))).toMatchObject({ status: 200 });
    });

    it("doesn't count with wrong codes", async () => {
      const { ada, authenticator, recoveryCodes } = await protectedByKey();
      const mfa_token = await firstFactor(app.api, ada);
      for (let times = 0; times < 6; times++) {
        expect(await answerFor(mfa_token, authenticator, { origin: 'https://evil.test' })).toFailWith(
          401,
          'invalid_passkey',
        );
      }
      const answer = await app.api.post('/api/auth/mfa/verify', { mfa_token, recovery_code: recoveryCodes[0] });
      expect(answer).toMatchObject({ status: 200 });
    });

    it('ends other sessions when one is added or removed, and only then', async () => {
      const { ada, authenticator } = await protectedByKey();
      const { body: phone } = await answerFor(await firstFactor(app.api, ada), authenticator);
      const { id } = await addPasskey(ada, key());
      expect(await app.api.as(phone).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200 });
      const { body: other } = await answerFor(await firstFactor(app.api, ada), authenticator);
      expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
      expect(await app.api.as(other).get('/api/auth/me')).toFailWith(401, 'invalid_token');

      const bob = await somebody(); // whose second factor is off
      const { body: tablet } = await login(bob);
      const added = await addPasskey(bob, key());
      await bob.api.delete(`/api/auth/passkeys/${added.id}`);
      expect(await app.api.as(tablet).get('/api/auth/me')).toMatchObject({ status: 200 });
    });

    it('is gone with the last one', async () => {
      const { ada, id } = await protectedByKey();
      expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
      expect((await ada.api.get('/api/auth/mfa')).body).toMatchObject({
        enabled: false,
        passkeys: 0,
        recovery_codes_left: 0,
      });
      expect(await login(ada)).toMatchObject({ status: 200 });
    });

    it('stays while an app is left', async () => {
      const ada = await withTotp(app, await somebody());
      const { id } = await addPasskey(ada, key());
      expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
      const answer = await login(ada, { otp: codeOf(ada) });
      expect(answer).toMatchObject({ status: 200 });
    });
  });

  it('are not taken away when they are the last way in', async () => {
    const ada = await somebody();
    const { id } = await addPasskey(ada, key());
    await app.sql('UPDATE users SET password_hash = NULL WHERE id = $1', [ada.id]);
    expect((await ada.api.get('/api/auth/me')).body).toMatchObject({ has_password: false });
    expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toFailWith(409, 'last_sign_in_method');
    const unverified = await addPasskey(ada, key({ verifiesUser: false })); // it lets nobody in alone
    expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toFailWith(409, 'last_sign_in_method');
    expect(await ada.api.delete(`/api/auth/passkeys/${unverified.id}`)).toMatchObject({ status: 204 });
    const other = await addPasskey(ada, key());
    expect(await ada.api.delete(`/api/auth/passkeys/${id}`)).toMatchObject({ status: 204 });
    expect(await ada.api.delete(`/api/auth/passkeys/${other.id}`)).toFailWith(409, 'last_sign_in_method');
  });

  describe('limits', () => {
    it('hold back a network that asks or tries too often', async () => {
      const held = await startApp({ ...SETTINGS, THROTTLE: 'on' });
      try {
        const options = () => held.api.post('/api/auth/passkeys/sign-in-options');
        for (let times = 0; times < 60; times++) expect(await options()).toMatchObject({ status: 200 });
        const answer = await options();
        expect(answer).toFailWith(429, 'too_many_requests');
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(1);
        const nobody = key();
        nobody.create({ challenge: '', rp: { id: 'example.com' }, user: { id: '' } });
        const [credential] = nobody.credentials;
        if (!credential) throw new Error('There is one');
        const attempt = () => held.api.post('/api/auth/passkeys/sign-in', { credential: nobody.sign(credential, 'x') });
        for (let times = 0; times < 50; times++) expect(await attempt()).toFailWith(401, 'unknown_passkey');
        expect(await attempt()).toFailWith(429, 'too_many_requests');
      } finally {
        await held.close();
      }
    });
  });
});

/** Does something so many minutes from now. */
async function later(minutes: number, work: () => Promise<void>): Promise<void> {
  const now = Date.now;
  Date.now = () => now() + minutes * 60_000;
  try {
    await work();
  } finally {
    Date.now = now;
  }
}

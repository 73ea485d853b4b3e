import { countSessionsWithoutFactor, type Read } from '../src/auth/factors/invariants.js';
import { startApp, type TestApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import { addPasskey, codeOf, firstFactor, type Protected, withTotp } from './support/factors.js';
import { PASSWORD, person } from './support/people.js';
import type { Answer } from './support/api.js';

const CROWD = 50;

describe('fifty at once, at two replicas', () => {
  let app: TestApp;
  let other: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp();
    other = await app.replica();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  const somebody = async () => withTotp(app, await person(app, `ada${++made}`));
  const at = (n: number) => (n % 2 ? other : app).api;
  const crowd = (work: (n: number) => Promise<Answer>) => Promise.all(Array.from({ length: CROWD }, (_, n) => work(n)));
  const verify = (n: number, body: object) => at(n).post('/api/auth/mfa/verify', body);
  const read: Read = (text, values) => app.sql(text, values);

  /** One is let in; the others learn that they were late, or that the server is too busy. */
  function expectOne(answers: Answer[], codes: string[]): void {
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code as string);
    expect(others.filter((code) => ![...codes, 'unavailable', 'too_many_requests'].includes(code))).toEqual([]);
  }

  const tokensFor = (ada: Protected) => Promise.all(Array.from({ length: CROWD }, (_, n) => firstFactor(at(n), ada)));

  it('with one code, each in a sign-in of their own: one is let in', async () => {
    const ada = await somebody();
    const [tokens, code] = [await tokensFor(ada), codeOf(ada)];
    expectOne(await crowd((n) => verify(n, { mfa_token: tokens[n], code })), ['code_used']);
  });

  it('with one recovery code, each in a sign-in of their own: one is let in', async () => {
    const ada = await somebody();
    const [tokens, recovery_code] = [await tokensFor(ada), ada.recoveryCodes[0]];
    expectOne(await crowd((n) => verify(n, { mfa_token: tokens[n], recovery_code })), ['code_used']);
    expect(
      await app.sql('SELECT FROM recovery_codes WHERE user_id = $1 AND used_at IS NOT NULL', [ada.id]),
    ).toHaveLength(1);
  });

  it('with one sign-in, and all the codes that there are: one is let in', async () => {
    const ada = await somebody();
    const mfa_token = await firstFactor(app.api, ada);
    const factors = [...[-1, 0, 1].map((steps) => ({ code: codeOf(ada, steps) })), ...ada.recoveryCodes.map((recovery_code) => ({ recovery_code }))]; // prettier-ignore
    const answers = await crowd((n) => verify(n, { mfa_token, ...factors[n % factors.length] }));
    expectOne(answers, ['code_used', 'invalid_mfa_token']);
  });

  it('with one passkey’s signature: one is let in', async () => {
    const ada = await somebody();
    const { authenticator } = await addPasskey(ada, new Authenticator({ isSynced: true }));
    const { body: options } = await app.api.post('/api/auth/passkeys/sign-in-options');
    const credential = authenticator.get(options as never);
    expectOne(await crowd((n) => at(n).post('/api/auth/passkeys/sign-in', { credential })), ['invalid_passkey']);
    const mfa_token = await firstFactor(app.api, ada);
    const { body: forMfa } = await app.api.post('/api/auth/mfa/passkey-options', { mfa_token });
    const passkey = authenticator.get(forMfa as never);
    expectOne(await crowd((n) => verify(n, { mfa_token, passkey })), ['invalid_mfa_token']);
  });

  it('stepping up by one code: one does', async () => {
    const ada = await somebody();
    const code = codeOf(ada);
    const answers = await crowd((n) => at(n).as(ada.tokens).post('/api/auth/step-up', { code }));
    expectOne(answers, ['code_used']);
  });

  it('confirming one set-up: one does', async () => {
    const ada = await person(app, `ada${++made}`);
    const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
    const body = { setup_token: setup.setup_token as string, code: codeOf(setup as { secret: string }) };
    const answers = await crowd((n) => at(n).as(ada.tokens).post('/api/auth/mfa/totp/confirm', body));
    expectOne(answers, ['code_used', 'step_up_required']);
    expect(await app.sql('SELECT FROM recovery_codes WHERE user_id = $1', [ada.id])).toHaveLength(10);
  });

  it('signing in by password while the second factor is switched on: no session is left without it', async () => {
    for (let round = 0; round < 10; round++) {
      const ada = await person(app, `ada${++made}`);
      const { body: setup } = await ada.api.post('/api/auth/mfa/totp');
      const body = { setup_token: setup.setup_token as string, code: codeOf(setup as { secret: string }) };
      const login = (n: number) => at(n).post('/api/auth/login', { email: ada.email, password: PASSWORD });
      const [confirmed, ...signIns] = await Promise.all([
        ada.api.post('/api/auth/mfa/totp/confirm', body),
        ...Array.from({ length: 20 }, (_, n) => login(n)),
      ]);
      expect(confirmed.status).toBe(200);
      expect(signIns.filter(({ status }) => ![200, 401, 403, 503].includes(status))).toEqual([]);
      expect(await countSessionsWithoutFactor(read)).toBe(0);
      const inside = signIns.filter(({ status }) => status === 200);
      for (const { body: tokens } of inside) expect(await app.api.as(tokens).get('/api/auth/me')).toFailWith(401, 'invalid_token'); // prettier-ignore
    }
  });

  it('ending sign-ins while the password is changed: whoever came before is out, or never in', async () => {
    for (let round = 0; round < 5; round++) {
      const ada = await somebody();
      const tokens = await tokensFor(ada);
      const factors = ada.recoveryCodes.map((recovery_code) => ({ recovery_code }));
      const change = { current_password: PASSWORD, new_password: 'a better horse battery' };
      const [changed, ...answers] = await Promise.all([
        ada.api.put('/api/auth/password', change),
        ...factors.map((factor, n) => verify(n, { mfa_token: tokens[n], ...factor })),
      ]);
      expect(changed.status).toBe(204);
      for (const { status, body } of answers) {
        expect([200, 401, 503]).toContain(status);
        if (status === 200) expect(await app.api.as(body).get('/api/auth/me')).toFailWith(401, 'invalid_token');
      }
    }
  });

  it('taking away the last way in and the other one: one of them stays', async () => {
    for (let round = 0; round < 10; round++) {
      const ada = await person(app, `ada${++made}`);
      const keys = [await addPasskey(ada), await addPasskey(ada)];
      await app.sql('UPDATE users SET password_hash = NULL WHERE id = $1', [ada.id]);
      const answers = await Promise.all(
        keys.map(({ id }, n) => at(n).as(ada.tokens).delete(`/api/auth/passkeys/${id}`)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    }
  });
});

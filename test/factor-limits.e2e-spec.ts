import { startApp, type TestApp } from './support/app.js';
import { codeOf, firstFactor, letTimePass, type Protected, withTotp, wrongCode } from './support/factors.js';
import { mailTo, queuedTo } from './support/mailbox.js';
import { PASSWORD, person } from './support/people.js';

describe('guessing at second factors', () => {
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    app = await startApp({ THROTTLE: 'on', TRUST_PROXY: '127.0.0.0/8', THROTTLE_REGISTRATIONS: '1000/1h' });
  });
  afterAll(() => app.close());

  const somebody = async () => withTotp(app, await person(app, `ada${++made}`));
  const from = (network: number) => app.api.with({ 'x-forwarded-for': `203.0.${network}.1` });
  const verify = (mfa_token: string, factor: object, network = 1) =>
    from(network).post('/api/auth/mfa/verify', { mfa_token, ...factor });
  const token = (ada: Protected, network = 1) => firstFactor(from(network), ada);

  it('is over after five in 15 minutes, by whatever means and from wherever', async () => {
    const ada = await somebody();
    const wrong = { code: wrongCode(ada) };
    expect(await verify(await token(ada), wrong)).toFailWith(401, 'invalid_code');
    expect(await verify(await token(ada, 2), wrong, 2)).toFailWith(401, 'invalid_code');
    expect(await verify(await token(ada, 3), { recovery_code: '0000-0000-0000-0000' }, 3)).toFailWith(
      401,
      'invalid_code',
    );
    const body = { email: ada.email, password: PASSWORD, otp: wrongCode(ada) };
    expect(await from(4).post('/api/auth/login', body)).toFailWith(401, 'invalid_code');
    expect(await ada.api.post('/api/auth/step-up', wrong)).toFailWith(403, 'wrong_code');
    for (const attempt of [
      verify(await token(ada, 5), { code: codeOf(ada) }, 5),
      verify(await token(ada, 6), { recovery_code: ada.recoveryCodes[0] }, 6),
      from(7).post('/api/auth/login', { ...body, otp: codeOf(ada) }),
      ada.api.post('/api/auth/step-up', { code: codeOf(ada) }),
    ]) {
      const answer = await attempt;
      expect(answer).toFailWith(429, 'too_many_requests');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800);
    }
  });

  it('tells the owner, once', async () => {
    const ada = await somebody();
    const mfa_token = await token(ada);
    for (let times = 0; times < 4; times++) await verify(mfa_token, { code: wrongCode(ada) });
    expect(await queuedTo(app, ada.email)).not.toContain('wrong_second_factor');
    await verify(mfa_token, { code: wrongCode(ada) });
    await verify(mfa_token, { code: wrongCode(ada) });
    expect((await queuedTo(app, ada.email)).filter((kind) => kind === 'wrong_second_factor')).toHaveLength(1);
    expect((await mailTo(app, ada.email, 'wrong_second_factor')).text).toContain(ada.username);
  });

  it('is forgiven by a right one, not by a right password, and not by a new sign-in', async () => {
    const ada = await somebody();
    for (let times = 0; times < 4; times++) {
      expect(await verify(await token(ada, times), { code: wrongCode(ada) }, times)).toFailWith(401, 'invalid_code');
    }
    const code = codeOf(ada);
    expect(await verify(await token(ada), { code })).toMatchObject({ status: 200 });
    for (let times = 0; times < 4; times++) {
      expect(await verify(await token(ada), { code: wrongCode(ada) })).toFailWith(401, 'invalid_code');
    }
    expect(await verify(await token(ada), { code })).toFailWith(401, 'code_used'); // which doesn't count
    expect(await verify(await token(ada), { code: codeOf(ada, 1) })).toMatchObject({ status: 200 });
  });

  it('is forgotten with a new password', async () => {
    const ada = await somebody();
    const mfa_token = await token(ada);
    for (let times = 0; times < 5; times++) await verify(mfa_token, { code: wrongCode(ada) });
    expect(await verify(mfa_token, { code: codeOf(ada) })).toFailWith(429, 'too_many_requests');
    const change = { current_password: PASSWORD, new_password: PASSWORD };
    expect(await ada.api.put('/api/auth/password', change)).toMatchObject({ status: 204 });
    expect(await verify(await token(ada), { code: codeOf(ada) })).toMatchObject({ status: 200 });
  });

  it('is over after twenty in a day', async () => {
    const ada = await somebody();
    const mfa_token = await token(ada);
    for (let times = 0; times < 20; times++) {
      if (times % 5 === 0) await app.sql(`DELETE FROM throttle_counters WHERE key LIKE 'factor|%'`); // 15 minutes later
      expect(await verify(mfa_token, { code: wrongCode(ada) })).toFailWith(401, 'invalid_code');
    }
    await app.sql(`DELETE FROM throttle_counters WHERE key LIKE 'factor|%'`);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // what this process remembers of a refusal
    const answer = await verify(mfa_token, { code: codeOf(ada) });
    expect(answer).toFailWith(429, 'too_many_requests');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(80_000);
  });

  it('forgives nobody their wrong passwords who has only the right one', async () => {
    const ada = await somebody();
    const login = (password: string) => from(9).post('/api/auth/login', { email: ada.email, password });
    for (let times = 0; times < 4; times++)
      expect(await login('wrong horse battery')).toFailWith(401, 'invalid_credentials');
    expect(await login(PASSWORD)).toFailWith(403, 'mfa_required');
    expect(await login('wrong horse battery')).toFailWith(401, 'invalid_credentials');
    expect(await login(PASSWORD)).toFailWith(429, 'too_many_requests');
    const [counter] = await app.sql<{ passes: string }>(`SELECT count(*) AS passes FROM throttle_counters WHERE key LIKE 'familiar|%'`); // prettier-ignore
    const all = Number(counter?.passes);

    const bob = await somebody();
    const there = (password: string) => from(10).post('/api/auth/login', { email: bob.email, password });
    for (let times = 0; times < 4; times++) await there('wrong horse battery');
    const mfa_token = (await there(PASSWORD)).body.mfa.token as string;
    expect(await verify(mfa_token, { code: codeOf(bob) }, 10)).toMatchObject({ status: 200 });
    for (let times = 0; times < 4; times++)
      expect(await there('wrong horse battery')).toFailWith(401, 'invalid_credentials');
    expect(await there(PASSWORD)).toFailWith(403, 'mfa_required');
    const [now] = await app.sql<{ passes: string }>(`SELECT count(*) AS passes FROM throttle_counters WHERE key LIKE 'familiar|%'`); // prettier-ignore
    expect(Number(now?.passes)).toBeGreaterThan(all);
  });

  it('by fifty right codes at once lets one in, and the owner right after', async () => {
    const ada = await somebody();
    const mfa_token = await token(ada);
    const code = codeOf(ada);
    const answers = await Promise.all(Array.from({ length: 50 }, () => verify(mfa_token, { code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([`401 code_used`, '401 invalid_mfa_token', '429 too_many_requests', '503 unavailable']).toContain(`${status} ${body.code}`); // prettier-ignore
    }
    expect(await verify(await token(ada), { code: codeOf(ada, 1) })).toMatchObject({ status: 200 });
  });

  it('by fifty wrong codes at once gets five tries', async () => {
    const ada = await somebody();
    const mfa_token = await token(ada);
    const answers = await Promise.all(Array.from({ length: 50 }, () => verify(mfa_token, { code: wrongCode(ada) })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => ![401, 429, 503].includes(status))).toEqual([]);
    await letTimePass(app, ada);
  });
});

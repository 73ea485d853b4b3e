/** A model of an account's second factor, and whatever can be done to it in any order, at two replicas. */
import fc from 'fast-check';
import { countSessionsWithoutFactor } from '../src/auth/factors/invariants.js';
import type { Answer, Api } from './support/api.js';
import { startApp, type TestApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import { codeOf } from './support/factors.js';
import { admin, PASSWORD, person, type Person } from './support/people.js';

const OTHER_PASSWORD = 'a better horse battery';

/** A session as the client knows it. */
interface Session {
  access: string;
  refresh: string;
  /** Whether its access token says that two factors were shown. */
  isFull: boolean;
  device?: string;
}

interface Model {
  isActive: boolean;
  isRequired: boolean;
  isOn: boolean;
  password: string;
  secret: string | null;
  recoveryCodes: string[];
  keys: Map<string, Authenticator>;
  devices: string[];
  sessions: Session[];
  /** Sign-ins that wait for their second factor. */
  pending: string[];
}

interface Real {
  ada: Person;
  root: Person;
  replicas: [TestApp, TestApp];
}

type Pair = Record<'access_token' | 'refresh_token', string>;

/** How often each kind of step was run. */
const ran = new Map<string, number>();

/** How often some kinds are tried where others are once: what they need is seldom there, and they cost nothing then. */
const TRIES: Record<string, number> = {
  'sign in by password': 4,
  verify: 24,
  'sign in with a code along': 2,
  'sign in on a remembered device': 20,
  'sign in by a passkey': 8,
  'enrol at sign-in': 12,
  'remove the app': 3,
  'remove a passkey': 5,
  'step up': 3,
  'change the password': 2,
  'new recovery codes': 4,
};

/** Does something at one of the replicas, and says in the model what ought to have come of it. */
abstract class Step implements fc.AsyncCommand<Model, Real> {
  constructor(
    readonly name: string,
    private readonly replica: 0 | 1,
  ) {}

  abstract check(model: Readonly<Model>): boolean;
  protected abstract work(model: Model, real: Real & { api: Api; app: TestApp }): Promise<void>;

  async run(model: Model, real: Real): Promise<void> {
    const app = real.replicas[this.replica];
    ran.set(this.name, (ran.get(this.name) ?? 0) + 1);
    await this.work(model, { ...real, app, api: app.api });
    await expectInvariants(model, real, real.replicas[this.replica === 0 ? 1 : 0]);
  }

  toString(): string {
    return `${this.name}@${this.replica}`;
  }
}

type Work = (model: Model, real: Real & { api: Api; app: TestApp }) => Promise<void>;

const step = (name: string, check: (model: Readonly<Model>) => boolean, work: Work) => {
  ran.set(name, 0);
  const steps = fc.constantFrom<0 | 1>(0, 1).map(
    (replica) =>
      new (class extends Step {
        check = check;
        protected work = work;
      })(name, replica),
  );
  return Array.from({ length: TRIES[name] ?? 1 }, () => steps);
};

const isAsked = ({ isOn, isRequired }: Readonly<Model>) => isOn || isRequired;
const hasFactor = ({ secret, keys }: Readonly<Model>) => secret !== null || keys.size > 0;
/** A session that may change factors now: just signed in, with both factors where there are two. */
const mayChange = (model: Readonly<Model>) => freshSession(model) !== undefined;
const freshSession = ({ isActive, isOn, isRequired, sessions }: Readonly<Model>) =>
  isActive ? sessions.findLast(({ isFull }) => isFull || !(isOn || isRequired)) : undefined;
const session = (model: Readonly<Model>) => freshSession(model) as Session;

/** All sessions end but this one, and with them what was pending or remembered. */
function onlyKeep(model: Model, kept?: Session): void {
  model.sessions = kept ? [kept] : [];
  model.devices = [];
  model.pending = [];
}

function begin(model: Model, body: unknown, more: Omit<Session, 'access' | 'refresh'>): void {
  const { access_token: access, refresh_token: refresh } = body as Pair;
  model.sessions.push({ access, refresh, ...more });
}

/** A factor that will do, and what it leaves of them. */
async function factorOf(model: Model, real: Real & { app: TestApp }): Promise<object> {
  if (model.secret !== null) {
    await real.app.sql('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [real.ada.id]);
    return { code: codeOf({ secret: model.secret }) };
  }
  return { recovery_code: model.recoveryCodes.pop() };
}

const canShow = ({ secret, recoveryCodes }: Readonly<Model>) => secret !== null || recoveryCodes.length > 0;

const STEPS = [
  step(
    'sign in by password',
    () => true,
    async (model, { api, ada }) => {
      const answer = await api.post('/api/auth/login', { email: ada.email, password: model.password });
      if (!model.isActive) return expect(answer).toFailWith(401, 'invalid_credentials');
      if (!isAsked(model)) {
        expect(answer.status).toBe(200);
        return begin(model, answer.body, { isFull: false });
      }
      if (!hasFactor(model) && !model.isOn) return expect(answer).toFailWith(403, 'mfa_enrollment_required');
      expect(answer).toFailWith(403, 'mfa_required');
      model.pending.push(answer.body.mfa.token as string);
    },
  ),
  step(
    'sign in by a wrong password',
    () => true,
    async (_, { api, ada }) => {
      const answer = await api.post('/api/auth/login', {
        email: ada.email,
        password: 'no horse at all',
        otp: '123456',
      });
      expect(answer).toFailWith(401, 'invalid_credentials');
    },
  ),
  step(
    'verify',
    (model) => model.pending.length > 0 && canShow(model),
    async (model, real) => {
      const mfa_token = model.pending.pop() as string;
      const body = { mfa_token, ...(await factorOf(model, real)), remember_device: true };
      const answer = await real.api.post('/api/auth/mfa/verify', body);
      expect(answer.status).toBe(200);
      begin(model, answer.body, { isFull: true });
      model.devices.push(answer.body.device_token as string);
      const again = await real.api.post('/api/auth/mfa/verify', body);
      expect([again.status, again.body.code]).toEqual([
        401,
        expect.stringMatching(/^(?:code_used|invalid_mfa_token)$/),
      ]);
    },
  ),
  step(
    'sign in with a code along',
    (model) => model.isActive && isAsked(model) && canShow(model) && (hasFactor(model) || model.isOn),
    async (model, real) => {
      const { code, recovery_code } = (await factorOf(model, real)) as { code?: string; recovery_code?: string };
      const body = { email: real.ada.email, password: model.password, otp: code ?? recovery_code };
      const answer = await real.api.post('/api/auth/login', body);
      expect(answer.status).toBe(200);
      begin(model, answer.body, { isFull: true });
    },
  ),
  step(
    'sign in on a remembered device',
    ({ devices }) => devices.length > 0,
    async (model, { api, ada }) => {
      const device_token = model.devices[0] as string;
      const answer = await api.post('/api/auth/login', { email: ada.email, password: model.password, device_token });
      if (!model.isActive) return expect(answer).toFailWith(401, 'invalid_credentials');
      expect(answer.status).toBe(200);
      begin(model, answer.body, { isFull: false, ...(isAsked(model) && { device: device_token }) });
    },
  ),
  step(
    'sign in by a passkey',
    ({ keys }) => keys.size > 0,
    async (model, { api }) => {
      const [authenticator] = [...model.keys.values()];
      const { body: options } = await api.post('/api/auth/passkeys/sign-in-options');
      const credential = (authenticator as Authenticator).get(options as never);
      const answer = await api.post('/api/auth/passkeys/sign-in', { credential });
      if (!model.isActive) return expect(answer).toFailWith(401, 'invalid_passkey');
      expect(answer.status).toBe(200);
      begin(model, answer.body, { isFull: true });
    },
  ),
  step(
    'enrol at sign-in',
    (model) => model.isActive && model.isRequired && !model.isOn && !hasFactor(model),
    async (model, { api, ada, app }) => {
      const { body } = await api.post('/api/auth/login', { email: ada.email, password: model.password });
      const mfa_token = body.mfa.token as string;
      const { body: setup } = await api.post('/api/auth/mfa/enroll', { mfa_token });
      const { secret, setup_token } = setup as { secret: string; setup_token: string };
      const answer = await api.post('/api/auth/mfa/enroll/confirm', {
        mfa_token,
        setup_token,
        code: codeOf({ secret }),
      });
      expect(answer.status).toBe(200);
      await app.sql('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [ada.id]);
      onlyKeep(model);
      begin(model, answer.body, { isFull: true });
      Object.assign(model, { secret, isOn: true, recoveryCodes: answer.body.recovery_codes });
    },
  ),
  step('set up an app', mayChange, async (model, { app }) => {
    const mine = session(model);
    const api = app.api.as(mine.access);
    const { body: setup } = await api.post('/api/auth/mfa/totp');
    const { secret, setup_token } = setup as { secret: string; setup_token: string };
    const answer = await api.post('/api/auth/mfa/totp/confirm', { setup_token, code: codeOf({ secret }) });
    expect(answer.status).toBe(200);
    Object.assign(mine, { access: answer.body.access_token as string, isFull: true, device: undefined });
    onlyKeep(model, mine);
    Object.assign(model, { secret, isOn: true });
    if (answer.body.recovery_codes) model.recoveryCodes = answer.body.recovery_codes as string[];
  }),
  step(
    'remove the app',
    (model) => mayChange(model) && model.secret !== null,
    async (model, { app }) => {
      const mine = session(model);
      const answer = await app.api.as(mine.access).delete('/api/auth/mfa/totp');
      const isLast = model.keys.size === 0;
      if (isLast && model.isRequired) return expect(answer).toFailWith(409, 'mfa_mandatory');
      expect(answer.status).toBe(204);
      factorRemoved(model, mine, isLast);
      model.secret = null;
    },
  ),
  step('add a passkey', mayChange, async (model, { app }) => {
    const mine = session(model);
    const api = app.api.as(mine.access);
    const authenticator = new Authenticator({ isSynced: true });
    const { body: options } = await api.post('/api/auth/passkeys/options');
    const answer = await api.post('/api/auth/passkeys', { credential: authenticator.create(options as never) });
    expect(answer.status).toBe(201);
    model.keys.set(answer.body.id as string, authenticator);
    if (model.isOn) onlyKeep(model, mine);
  }),
  step(
    'remove a passkey',
    (model) => mayChange(model) && model.keys.size > 0,
    async (model, { app }) => {
      const mine = session(model);
      const [id] = [...model.keys.keys()] as [string];
      const answer = await app.api.as(mine.access).delete(`/api/auth/passkeys/${id}`);
      const isLast = model.keys.size === 1 && model.secret === null;
      if (isLast && model.isRequired) return expect(answer).toFailWith(409, 'mfa_mandatory');
      expect(answer.status).toBe(204);
      factorRemoved(model, mine, isLast);
      model.keys.delete(id);
    },
  ),
  step('switch it on', mayChange, async (model, { app }) => {
    const mine = session(model);
    const answer = await app.api.as(mine.access).put('/api/auth/mfa', { enabled: true });
    if (!hasFactor(model)) return expect(answer).toFailWith(409, 'conflict');
    expect(answer.status).toBe(200);
    if (model.isOn) return;
    Object.assign(mine, { access: answer.body.access_token as string, isFull: true, device: undefined });
    onlyKeep(model, mine);
    model.isOn = true;
    if (answer.body.recovery_codes) model.recoveryCodes = answer.body.recovery_codes as string[];
  }),
  step('switch it off', mayChange, async (model, { app }) => {
    const mine = session(model);
    const answer = await app.api.as(mine.access).put('/api/auth/mfa', { enabled: false });
    if (model.isRequired) return expect(answer).toFailWith(409, 'mfa_mandatory');
    expect(answer.status).toBe(204);
    if (!model.isOn) return;
    onlyKeep(model, mine);
    model.isOn = false;
  }),
  step(
    'step up',
    (model) => model.isActive && model.sessions.length > 0 && canShow(model),
    async (model, real) => {
      const mine = model.sessions.at(-1) as Session;
      const factor = await factorOf(model, real);
      const answer = await real.app.api.as(mine.access).post('/api/auth/step-up', factor);
      expect(answer.status).toBe(200);
      Object.assign(mine, { access: answer.body.access_token as string, isFull: true, device: undefined });
    },
  ),
  step(
    'refresh',
    ({ isActive, sessions }) => isActive && sessions.length > 0,
    async (model, { api }) => {
      const mine = model.sessions[0] as Session;
      const answer = await api.post('/api/auth/refresh', { refresh_token: mine.refresh });
      expect(answer.status).toBe(200);
      const { access_token: access, refresh_token: refresh } = answer.body as Pair;
      Object.assign(mine, { access, refresh });
    },
  ),
  step('change the password', mayChange, async (model, { app }) => {
    const mine = session(model);
    const new_password = model.password === PASSWORD ? OTHER_PASSWORD : PASSWORD;
    const body = { current_password: model.password, new_password };
    expect(await app.api.as(mine.access).put('/api/auth/password', body)).toMatchObject({ status: 204 });
    model.password = new_password;
    onlyKeep(model, mine);
  }),
  step(
    'new recovery codes',
    (model) => mayChange(model) && hasFactor(model),
    async (model, { app }) => {
      const answer = await app.api.as(session(model).access).post('/api/auth/mfa/recovery-codes');
      expect(answer.status).toBe(200);
      model.recoveryCodes = answer.body.recovery_codes as string[];
      forgetDevices(model);
    },
  ),
  step(
    'forget all devices',
    (model) => mayChange(model),
    async (model, { app }) => {
      expect(await app.api.as(session(model).access).delete('/api/auth/devices')).toMatchObject({ status: 204 });
      forgetDevices(model);
    },
  ),
  step('sign out everywhere', mayChange, async (model, { app }) => {
    const mine = session(model);
    expect(await app.api.as(mine.access).delete('/api/auth/sessions')).toMatchObject({ status: 204 });
    model.sessions = [mine];
    model.devices = [];
  }),
  step(
    'an admin resets it',
    () => true,
    async (model, { app, root, ada }) => {
      const answer = await app.api.as(root.tokens).delete(`/api/users/${ada.id}/mfa`);
      expect(answer.status).toBe(204);
      resetAll(model);
    },
  ),
  step(
    'an admin requires it, or not',
    () => true,
    async (model, { app, root, ada }) => {
      const mfa_required = !model.isRequired;
      expect(await app.api.as(root.tokens).patch(`/api/users/${ada.id}`, { mfa_required })).toMatchObject({
        status: 200,
      });
      model.isRequired = mfa_required;
    },
  ),
  step(
    'an admin deactivates, or activates',
    () => true,
    async (model, { app, root, ada }) => {
      const is_active = !model.isActive;
      expect(await app.api.as(root.tokens).patch(`/api/users/${ada.id}`, { is_active })).toMatchObject({ status: 200 });
      model.isActive = is_active;
      if (!is_active) onlyKeep(model);
    },
  ),
];

function factorRemoved(model: Model, mine: Session, isLast: boolean): void {
  if (isLast) model.recoveryCodes = [];
  if (model.isOn) onlyKeep(model, mine);
  if (isLast) Object.assign(model, { isOn: false, devices: [] });
}

function forgetDevices(model: Model): void {
  model.sessions = model.sessions.filter(({ device }) => device === undefined);
  model.devices = [];
}

function resetAll(model: Model): void {
  onlyKeep(model);
  model.keys.clear();
  Object.assign(model, { secret: null, isOn: false, recoveryCodes: [] });
}

/** What must hold after every step, whatever it was. */
async function expectInvariants(model: Model, { ada }: Real, app: TestApp): Promise<void> {
  expect(await countSessionsWithoutFactor((text, values) => app.sql(text, values))).toBe(0);
  const [row] = await app.sql<{ isOn: boolean; living: number }>(
    `SELECT u.mfa_enabled AS "isOn", (SELECT count(*)::int FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL
       AND s.generation = u.session_generation AND u.is_active) AS living
     FROM users u WHERE u.id = $1`,
    [ada.id],
  );
  expect(row).toEqual({ isOn: model.isOn, living: model.sessions.length });
  for (const { access } of model.sessions) {
    const answer: Answer = await app.api.as(access).get('/api/auth/me');
    expect(answer.status).toBe(200);
  }
}

describe('whatever is done to an account, in whatever order, at whichever replica', () => {
  let replicas: [TestApp, TestApp];
  let root: Person;
  let made = 0;

  beforeAll(async () => {
    const app = await startApp();
    replicas = [app, await app.replica()];
    const { tokens, ...plain } = await admin(app);
    const { body: setup } = await plain.api.post('/api/auth/mfa/totp');
    const { secret, setup_token } = setup as { secret: string; setup_token: string };
    const { body } = await plain.api.post('/api/auth/mfa/totp/confirm', { setup_token, code: codeOf({ secret }) });
    root = { ...plain, tokens: { ...tokens, access_token: body.access_token as string } };
  });
  afterAll(async () => {
    await replicas[1].close();
    await replicas[0].close();
  });

  it('no session lacks the second factor, and everything is answered as the model says', async () => {
    const newcomer = async () => {
      const ada = await person(replicas[0], `ada${++made}`);
      const { access_token: access, refresh_token: refresh } = ada.tokens;
      const model: Model = {
        isActive: true,
        isRequired: false,
        isOn: false,
        password: PASSWORD,
        secret: null,
        recoveryCodes: [],
        keys: new Map(),
        devices: [],
        sessions: [{ access, refresh, isFull: false }],
        pending: [],
      };
      return { model, real: { ada, root, replicas } };
    };
    await fc.assert(
      fc.asyncProperty(fc.commands(STEPS.flat(), { maxCommands: 160, size: 'max' }), async (commands) => {
        await fc.asyncModelRun(newcomer, commands);
      }),
      { numRuns: 25, endOnFailure: true },
    );
    const never = [...ran].flatMap(([name, times]) => (times === 0 ? [name] : []));
    expect(never).toEqual(never.slice(0, 2)); // each runs ten times or so: by chance one may have had no occasion
  });
});

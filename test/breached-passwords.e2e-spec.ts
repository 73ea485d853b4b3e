import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { examineBreachedPasswords } from '../src/cli/doctor.breached.js';
import { loadSettings } from '../src/config/settings.js';
import { BreachedPasswords, type BreachOutcome } from '../src/users/passwords/breached-passwords.js';
import { SECRET, startApp, type TestApp } from './support/app.js';
import { mailTo } from './support/mailbox.js';
import { admin, PASSWORD, person, type Person, signIn } from './support/people.js';
import { freePort } from './support/ports.js';
import { type RangeServer, sha1Of, startRangeServer } from './support/range-server.js';

const BREACHED = 'breached horse battery';
const RARE = 'rare horse battery';

const refusedAt = (pointer: string) => ({
  status: 422,
  body: { code: 'validation_failed', errors: [{ pointer, code: 'password_breached', detail: expect.any(String) }] },
});

describe('breached passwords', () => {
  let app: TestApp;
  let ranges: RangeServer;
  let names = 0;

  beforeAll(async () => {
    ranges = await startRangeServer();
    app = await startApp();
  });
  afterAll(async () => {
    await app.close();
    await ranges.close();
  });
  beforeEach(() => {
    Object.assign(ranges, { breached: new Set([BREACHED]), padding: new Set(), answer: undefined });
    ranges.asked.length = 0;
  });

  const register = (at: TestApp, password: string) => {
    const username = `person${names++}`;
    return at.api.post('/api/auth/register', { email: `${username}@example.com`, username, password });
  };
  const asking = (url = ranges.url) => app.replica({ BREACHED_PASSWORDS: 'hibp', BREACHED_PASSWORDS_URL: url });

  function outcomesOf({ nest }: TestApp): BreachOutcome[] {
    const outcomes: BreachOutcome[] = [];
    nest.get(BreachedPasswords, { strict: false }).onOutcome((outcome) => outcomes.push(outcome));
    return outcomes;
  }

  describe('are refused', () => {
    let strict: TestApp;
    let ada: Person, root: Person;

    beforeAll(async () => {
      strict = await asking();
      [ada, root] = await Promise.all([person(app, 'ada'), admin(app)]);
    });
    afterAll(() => strict.close());

    it('at registration', async () => {
      expect(await register(strict, BREACHED)).toMatchObject(refusedAt('/password'));
      expect(await register(strict, RARE)).toMatchObject({ status: 201 });
    });

    it('in an account that an admin makes', async () => {
      const account = { email: 'bob@example.com', username: 'bob', password: BREACHED };
      expect(await strict.api.as(root.tokens).post('/api/users', account)).toMatchObject(refusedAt('/password'));
    });

    it('in a change', async () => {
      const passwords = { current_password: PASSWORD, new_password: BREACHED };
      expect(await strict.api.as(ada.tokens).put('/api/auth/password', passwords)).toMatchObject(
        refusedAt('/new_password'),
      );
    });

    it('in a reset, whose link can still be used', async () => {
      const { id } = await person(app, 'grace');
      const { body } = await root.api.post(`/api/users/${id}/password-reset`, { deliver: 'link' });
      const token = (body.url as string).split('#token=')[1];
      const confirm = (new_password: string) =>
        strict.api.post('/api/auth/password-reset/confirm', { token, new_password });
      expect(await confirm(BREACHED)).toMatchObject(refusedAt('/new_password'));
      expect((await confirm(RARE)).status).toBe(204);
    });

    it('in the acceptance of an invitation', async () => {
      await root.api.post('/api/invitations', { email: 'ivy@example.com' });
      const { token } = await mailTo(app, 'ivy@example.com', 'invitation');
      const accept = (password: string) =>
        strict.api.post('/api/invitations/accept', { token, username: 'ivy', password });
      expect(await accept(BREACHED)).toMatchObject(refusedAt('/password'));
      expect((await accept(RARE)).status).toBe(201);
    });

    it('in the row of an import that has it in plain', async () => {
      const raw = [BREACHED, RARE].map((password, n) => JSON.stringify({ email: `row${n}@example.com`, password }));
      const { body } = await strict.api.as(root.tokens).post('/api/users/import', undefined, {
        raw: raw.join('\n'),
        headers: { 'content-type': 'application/x-ndjson' },
      });
      expect(body).toMatchObject({
        added: 1,
        failed: 1,
        results: [{ line: 1, status: 'failed', pointer: '/password', code: 'password_breached' }],
      });
    });

    it('never at sign-in', async () => {
      const unasked = 'never asked horse battery'; // whose range nothing has kept
      ranges.breached.add(unasked);
      await register(app, unasked);
      await signIn(strict, `person${names - 1}`, unasked);
      expect(ranges.asked).toEqual([]);
    });

    it('only after the rules and the built-in list, which ask nobody', async () => {
      for (const password of ['short', 'password123']) {
        const { body } = await register(strict, password);
        expect(body.errors).toMatchObject([{ code: expect.not.stringContaining('breached') }]);
      }
      expect(ranges.asked).toEqual([]);
    });
  });

  it('are asked for by five characters of a SHA-1, and nothing else leaves', async () => {
    const strict = await asking(`${ranges.url}/`);
    await register(strict, 'yet another horse');
    expect(ranges.asked).toEqual([
      {
        method: 'GET',
        path: `/range/${sha1Of('yet another horse').slice(0, 5)}`,
        headers: expect.objectContaining({ 'add-padding': 'true', 'user-agent': 'userhub' }),
      },
    ]);
    const names = Object.keys(ranges.asked[0]?.headers ?? {}).sort();
    expect(names).toEqual(['accept', 'accept-encoding', 'accept-language', 'add-padding', 'connection', 'host', 'sec-fetch-mode', 'user-agent']); // prettier-ignore
    await strict.close();
  });

  it('are asked for once a range', async () => {
    const strict = await asking();
    for (const password of [BREACHED, RARE, BREACHED, RARE]) await register(strict, password);
    expect(ranges.asked).toHaveLength(2);
    await strict.close();
  });

  it('are not those that pad an answer', async () => {
    ranges.padding.add(RARE);
    const strict = await asking();
    expect((await register(strict, RARE)).status).toBe(201);
    await strict.close();
  });

  describe('are taken, and nobody waits for a minute', () => {
    it.each<[string, RangeServer['answer']]>([
      ['says 500', (response) => void response.writeHead(500).end()],
      ['never answers', () => undefined],
      ['stops in the middle', (response) => void response.writeHead(200).write(`${'0'.repeat(35)}:0\r\n`)],
      ['hangs up', (response) => void response.destroy()],
    ])('when the service %s', async (_, answer) => {
      ranges.answer = answer;
      const strict = await asking();
      const outcomes = outcomesOf(strict);
      for (let n = 0; n < 3; n++) expect((await register(strict, `${BREACHED}${n || ''}`)).status).toBe(201);
      expect(outcomes).toEqual(['failed', 'skipped', 'skipped']);
      expect(ranges.asked).toHaveLength(1);
      const lines = strict.logs.filter((line) => line['event'] === 'breached_passwords_unavailable');
      expect(lines).toHaveLength(1);
      expect(JSON.stringify(strict.logs)).not.toContain(sha1Of(BREACHED).slice(0, 5));
      await strict.close();
    });

    it('when nobody listens', async () => {
      const strict = await asking(`http://127.0.0.1:${await freePort()}`);
      expect((await register(strict, BREACHED)).status).toBe(201);
      expect(strict.logs).toContainEqual(
        expect.objectContaining({ event: 'breached_passwords_unavailable', reason: 'ECONNREFUSED' }),
      );
      await strict.close();
    });
  });

  it('are counted', async () => {
    const port = await freePort();
    const strict = await app.replica({
      BREACHED_PASSWORDS: 'hibp',
      BREACHED_PASSWORDS_URL: ranges.url,
      METRICS_PORT: String(port),
    });
    await register(strict, BREACHED);
    await register(strict, RARE);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const sample of ['{result="breached"} 1', '{result="clear"} 1', '{result="failed"} 0'])
      expect(text).toContain(`userhub_breached_password_checks_total${sample}`);
    await strict.close();
  });

  describe('offline', () => {
    let folder: string;
    const file = () => path.join(folder, 'breached.bin');
    const entryOf = (password: string) => Buffer.from(sha1Of(password), 'hex').subarray(0, 8);
    const environment = (more: Record<string, string> = {}) => ({
      NODE_ENV: 'test',
      JWT_SECRET_KEY: SECRET,
      DATABASE_URL: app.database.url,
      BREACHED_PASSWORDS_FILE: file(),
      ...more,
    });
    const findings = (more?: Record<string, string>) => examineBreachedPasswords(loadSettings(environment(more)));

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'userhub-breached-'));
    });
    afterAll(() => rm(folder, { recursive: true }));
    beforeEach(async () => {
      const passwords = [BREACHED, ...Array.from({ length: 9999 }, (_, n) => `filler ${n}`)];
      await writeFile(file(), Buffer.concat(passwords.map(entryOf).sort((one, other) => one.compare(other))));
    });

    it('are found in the file, which asks nobody', async () => {
      const strict = await app.replica({ BREACHED_PASSWORDS_FILE: file(), BREACHED_PASSWORDS_URL: ranges.url });
      for (const password of [BREACHED, 'filler 0', 'filler 9998'])
        expect(await register(strict, password)).toMatchObject(refusedAt('/password'));
      expect((await register(strict, RARE)).status).toBe(201);
      expect(ranges.asked).toEqual([]);
      await strict.close();
    });

    it('are only those of the built-in list without a file', async () => {
      expect(app.settings.passwords.breached).toMatchObject({ mode: 'offline', file: undefined });
      expect((await register(app, BREACHED)).status).toBe(201);
      expect((await register(app, 'password123')).body.errors).toMatchObject([{ code: 'password_common' }]);
    });

    it('are taken once the file is gone', async () => {
      const strict = await app.replica({ BREACHED_PASSWORDS_FILE: file() });
      await rm(file());
      const outcomes = outcomesOf(strict);
      expect((await register(strict, BREACHED)).status).toBe(201);
      expect(outcomes).toEqual(['failed']);
      await strict.close();
    });

    it('need a file that is one', async () => {
      for (const [name, content] of [['text', 'no entries']] as const) await writeFile(path.join(folder, name), content); // prettier-ignore
      for (const name of ['nowhere', 'text', '.']) {
        const load = () => loadSettings(environment({ BREACHED_PASSWORDS_FILE: path.join(folder, name) }));
        expect(load).toThrow(/BREACHED_PASSWORDS_FILE/);
      }
    });

    it('are looked at by the doctor', async () => {
      expect(await findings()).toMatchObject([{ verdict: 'good', text: expect.stringContaining('10000') }]);
      expect(await findings({ BREACHED_PASSWORDS: 'hibp' })).toMatchObject([{ verdict: 'good' }, { verdict: 'doubtful' }]); // prettier-ignore
      expect(await findings({ BREACHED_PASSWORDS: 'off' })).toMatchObject([{ verdict: 'doubtful' }]);
      expect(await findings({ BREACHED_PASSWORDS_FILE: '' })).toMatchObject([{ verdict: 'good' }]);
      await writeFile(file(), Buffer.concat(['FF', '00'].map((byte) => Buffer.alloc(8, byte, 'hex'))));
      expect(await findings()).toMatchObject([{ verdict: 'bad', text: expect.stringContaining('not sorted') }]);
    });
  });

  it('are asked for in production only, unless told to; off asks nobody', async () => {
    const base = { JWT_SECRET_KEY: SECRET, DATABASE_URL: app.database.url };
    const modes = ['production', 'development', 'test'].map((NODE_ENV) => loadSettings({ ...base, NODE_ENV }));
    expect(modes.map(({ passwords }) => passwords.breached.mode)).toEqual(['hibp', 'offline', 'offline']);
    expect(modes[0]?.passwords.breached.url).toBe('https://api.pwnedpasswords.com');
    const lax = await app.replica({ BREACHED_PASSWORDS: 'off', BREACHED_PASSWORDS_URL: ranges.url });
    expect((await register(lax, BREACHED)).status).toBe(201);
    expect(ranges.asked).toEqual([]);
    await lax.close();
  });

  it.each(['ftp://ranges.example.com', 'ranges.example.com', 'https://a:b@ranges.example.com', 'https://a.example/?q'])(
    'are not asked for at %s',
    (BREACHED_PASSWORDS_URL) => {
      expect(() => loadSettings({ NODE_ENV: 'test', BREACHED_PASSWORDS_URL })).toThrow(
        /BREACHED_PASSWORDS_URL must be/,
      );
    },
  );
});

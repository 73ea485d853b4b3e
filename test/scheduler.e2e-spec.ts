import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../src/database/database.js';
import { type Job, Scheduler } from '../src/outbox/scheduler.js';
import { startApp, type TestApp } from './support/app.js';
import { holding } from './support/trouble.js';

describe('jobs', () => {
  let app: TestApp;
  let replica: TestApp;
  let here: Scheduler;
  let there: Scheduler;
  let names = 0;

  beforeAll(async () => {
    app = await startApp();
    replica = await app.replica();
  });
  beforeEach(() => {
    [here, there] = [new Scheduler(app.nest.get(Database)), new Scheduler(replica.nest.get(Database))];
  });
  afterEach(() => Promise.all([here.onModuleDestroy(), there.onModuleDestroy()]));
  afterAll(async () => {
    await replica.close();
    await app.close();
  });

  /** Adds the same job to both schedulers. Notes each run, and how many there were at once at most. */
  function job(work: (signal: AbortSignal) => Promise<void> = () => delay(50)) {
    const seen = { name: `job ${names++}`, runs: 0, running: 0, most: 0 };
    const run: Job['run'] = async (signal) => {
      seen.runs++;
      seen.most = Math.max(seen.most, ++seen.running);
      await work(signal).finally(() => seen.running--);
    };
    for (const scheduler of [here, there]) scheduler.register({ name: seen.name, every: 200, run });
    return seen;
  }
  const lease = async ({ name }: { name: string }) =>
    (
      await app.sql<{ leased: boolean; due: boolean }>(
        'SELECT leased_until > now() AS leased, next_run_at <= now() AS due FROM scheduled_jobs WHERE name = $1',
        [name],
      )
    )[0];

  it('run by themselves, again and again, on one replica at a time', async () => {
    const seen = job();
    for (const scheduler of [here, there]) scheduler.start();
    await delay(3_000);
    expect(seen.runs).toBeGreaterThan(2);
    expect(seen.runs).toBeLessThan(14); // the share of one replica, not of two
    expect(seen.most).toBe(1);
  });

  it('that still run are not begun again, there or elsewhere', async () => {
    let end = (): void => undefined;
    const seen = job(() => new Promise<void>((resolve) => (end = resolve)));
    const first = here.runNow(seen.name);
    while (seen.running === 0) await delay(5);
    expect(await here.runNow(seen.name)).toBe(false);
    expect(await there.runNow(seen.name)).toBe(false);
    expect(await lease(seen)).toEqual({ leased: true, due: true });
    end();
    expect(await first).toBe(true);
    expect(await lease(seen)).toEqual({ leased: null, due: false });
    expect(seen.most).toBe(1);
  });

  it('whose replica died are taken over when its lease is over', async () => {
    const seen = job();
    await app.sql(
      `INSERT INTO scheduled_jobs (name, leased_by, leased_until) VALUES ($1, gen_random_uuid(), now() + interval '1 minute')`,
      [seen.name],
    );
    expect(await here.runNow(seen.name)).toBe(false);
    await app.sql(`UPDATE scheduled_jobs SET leased_until = now() - interval '1 second' WHERE name = $1`, [seen.name]);
    expect(await here.runNow(seen.name)).toBe(true);
  });

  it('that fail are reported, and run again', async () => {
    const seen = job(() => Promise.reject(new Error('no luck')));
    here.start();
    while (seen.runs < 2) await delay(20);
    const logs = [...app.logs, ...replica.logs]; // Nest has one logger for both
    expect(logs).toContainEqual(expect.objectContaining({ event: 'job_failed', job: seen.name, reason: 'no luck' }));
  });

  it('are told and waited for when the process ends, and go on elsewhere', async () => {
    let isDone = false;
    const seen = job(async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await delay(200);
      await app.nest.get(Database).read({ text: 'SELECT 1' }, []);
      isDone = true;
    });
    const run = here.runNow(seen.name);
    while (seen.running === 0) await delay(5);
    await here.onModuleDestroy();
    expect(isDone).toBe(true);
    expect(await run).toBe(false); // not to its end
    expect(await lease(seen)).toEqual({ leased: null, due: true });
  });

  it('do no harm while their table is locked', async () => {
    const seen = job();
    const lock = await holding(app, 'LOCK TABLE scheduled_jobs IN ACCESS EXCLUSIVE MODE');
    expect(await here.runNow(seen.name)).toBe(false);
    await lock.release();
    expect(await here.runNow(seen.name)).toBe(true);
  });

  it('of the application are registered by those whose rows they are about', () => {
    const scheduler = app.nest.get(Scheduler);
    expect([...(Reflect.get(scheduler, 'jobs') as Map<string, Job>).keys()].sort()).toEqual(
      expect.arrayContaining(['like_counts', 'old_counters', 'old_events', 'old_outbox_jobs', 'old_sessions']),
    );
  });
});

import { jest } from '@jest/globals';
import { HashQueue } from './hash-queue.js';

/** A job that ends when it is told to. */
function job() {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { run: () => ended, end };
}

const REFUSED = { status: 503, code: 'unavailable' };

describe('HashQueue', () => {
  it('runs so many jobs at once and the others in turn', async () => {
    const queue = new HashQueue({ width: 2, maxWaitMs: 1_000, expectedMs: 1 });
    const jobs = [job(), job(), job(), job()];
    const started: number[] = [];
    const all = jobs.map(({ run }, i) => queue.run(undefined, () => (started.push(i), run())));

    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    expect(queue).toMatchObject({ running: 2, waiting: 2 });

    jobs[1]?.end();
    await all[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);

    for (const { end } of jobs) end();
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
    expect(queue).toMatchObject({ running: 0, waiting: 0 });
  });

  it('hands on what a job returns or throws, and makes room for the next', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 1_000, expectedMs: 1 });
    const failing = queue.run(undefined, () => Promise.reject(new Error('broken')));
    const next = queue.run(undefined, () => Promise.resolve('fine'));

    await expect(failing).rejects.toThrow('broken');
    await expect(next).resolves.toBe('fine');
  });

  it('turns away whoever would wait too long, and says for how long', async () => {
    const queue = new HashQueue({ width: 2, maxWaitMs: 2_000, expectedMs: 1_000 });
    const { run, end } = job();
    const admitted = [1, 2, 3, 4, 5].map(() => queue.run(undefined, run)); // the fifth has four before it: 2 s

    await expect(queue.run(undefined, run)).rejects.toMatchObject({
      ...REFUSED,
      extras: { headers: { 'retry-after': '3' } },
    });
    end();
    await Promise.all(admitted);
  });

  it('learns how long jobs last', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 100, expectedMs: 1_000 });
    const behindAnother = async () => {
      const { run, end } = job();
      const first = queue.run(undefined, run);
      const second = queue.run(undefined, () => Promise.resolve());
      end();
      return Promise.all([first, second]);
    };

    await expect(behindAnother()).rejects.toMatchObject(REFUSED);
    for (let i = 0; i < 50; i++) await queue.run(undefined, () => Promise.resolve());
    await expect(behindAnother()).resolves.toHaveLength(2);
  });

  it('drops a waiting job whose caller has gone', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 1_000, expectedMs: 1 });
    const { run, end } = job();
    const gone = new AbortController();
    const first = queue.run(undefined, run);
    const dropped = jest.fn(run);
    const second = queue.run(undefined, dropped, gone.signal);
    const third = queue.run(undefined, () => Promise.resolve('third'));

    gone.abort(new Error('client has gone'));
    await expect(second).rejects.toThrow('client has gone');
    expect(queue.waiting).toBe(1);

    end();
    await expect(first).resolves.toBeUndefined();
    await expect(third).resolves.toBe('third');
    expect(dropped).not.toHaveBeenCalled();
    await expect(queue.run(undefined, run, gone.signal)).rejects.toThrow('client has gone');
  });

  it('leaves a running job alone when its caller goes', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 1_000, expectedMs: 1 });
    const { run, end } = job();
    const gone = new AbortController();
    const running = queue.run(undefined, run, gone.signal);
    await Promise.resolve();
    gone.abort();
    end();
    await expect(running).resolves.toBeUndefined();
  });

  it('gives up on those who waited far longer than estimated', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 10, expectedMs: 1 });
    const { run, end } = job();
    const first = queue.run(undefined, run);
    const second = queue.run(undefined, () => Promise.resolve());
    setTimeout(end, 50);

    await expect(second).rejects.toMatchObject(REFUSED);
    await first;
    expect(queue).toMatchObject({ running: 0, waiting: 0 });
  });

  it('once closed, turns everyone away and waits for the jobs inside', async () => {
    const queue = new HashQueue({ width: 1, maxWaitMs: 1_000, expectedMs: 1 });
    const { run, end } = job();
    const inside = queue.run(undefined, run);
    const waiting = queue.run(undefined, run);
    const closed = jest.fn();
    const closing = queue.close().then(closed);

    await expect(waiting).rejects.toMatchObject(REFUSED);
    await expect(queue.run(undefined, run)).rejects.toMatchObject(REFUSED);
    expect(closed).not.toHaveBeenCalled();

    end();
    await inside;
    await closing;
    await queue.close();
  });
});

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PasswordHasher, type HasherOptions } from './password-hasher.js';

const PASSWORD = 'Crème brûlée, twice ';
const REFUSED = { status: 503, code: 'unavailable' };
const onLinux = process.platform === 'linux' ? it : it.skip;

const hashers: PasswordHasher[] = [];
function hasher(options: Partial<HasherOptions> = {}): PasswordHasher {
  const made = new PasswordHasher({ rounds: 4, threads: 1, maxWaitMs: 60_000, ...options });
  hashers.push(made);
  return made;
}

const shared = hasher({ threads: 2 });
const peppered = hasher({ peppers: ['cayenne'] });
afterAll(() => Promise.all(hashers.map((each) => each.close())));

describe('hash and verify', () => {
  it('knows the password again, and no other', async () => {
    const hash = await shared.hash(PASSWORD);
    expect(hash).toMatch(/^\$2b\$04\$.{53}$/);
    await expect(shared.verify(PASSWORD, hash)).resolves.toBe(true);
    await expect(shared.verify(PASSWORD.trim(), hash)).resolves.toBe(false);
    await expect(shared.verify(PASSWORD.toLowerCase(), hash)).resolves.toBe(false);
    await expect(shared.hash(PASSWORD)).resolves.not.toBe(hash);
  });

  it('takes a composed and a decomposed letter for the same', async () => {
    const hash = await shared.hash(PASSWORD.normalize('NFD'));
    await expect(shared.verify(PASSWORD.normalize('NFC'), hash)).resolves.toBe(true);
    await expect(shared.verify(PASSWORD.normalize('NFD'), hash)).resolves.toBe(true);
  });

  it.each(['2a', '2b', '2y'])('verifies hashes of the older systems, such as $%s$', async (variant) => {
    const hash = `$${variant}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`;
    await expect(shared.verify('U*U', hash)).resolves.toBe(true);
    await expect(shared.verify('U*V', hash)).resolves.toBe(false);
  });

  it('overlooks stray bits at the end of the salt', async () => {
    const hash = '$2b$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    await expect(shared.verify('U*U', hash)).resolves.toBe(true);
  });

  it.each([
    null,
    '',
    'U*U',
    '$2b$05$',
    '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', // days of work
    '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n',
    '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG',
    'd077f244def8a70e5ea758bd8352fcd8',
  ])('answers false, and never throws, for the stored hash %j', async (hash) => {
    await expect(shared.verify('U*U', hash)).resolves.toBe(false);
    await expect(peppered.verify('U*U', hash)).resolves.toBe(false);
  });

  it('never cuts: 73 bytes and NUL are refused', async () => {
    const longest = 'a'.repeat(72);
    const hash = await shared.hash(longest);
    await expect(shared.verify(longest, hash)).resolves.toBe(true);
    for (const password of [longest + 'b', longest + '\0', 'é'.repeat(36) + 'b', 'gran\0ite']) {
      await expect(shared.verify(password, hash)).resolves.toBe(false);
      await expect(shared.hash(password)).rejects.toThrow(RangeError);
    }
  });

  it('does the same work to say no, whatever the reason', async () => {
    const slow = hasher({ rounds: 10 });
    const hash = await slow.hash(PASSWORD);
    const cheap = await shared.hash(PASSWORD);
    const work = (password: string, stored: string | null) => leastWork(() => slow.verify(password, stored));

    const wrong = await work('wrong', hash);
    const others = {
      unknown: await work('wrong', null),
      foreign: await work('wrong', 'd077f244def8a70e5ea758bd8352fcd8'),
      long: await work('a'.repeat(73), hash),
      nul: await work('gran\0ite', hash),
      cheap: await work('wrong', cheap),
    };
    for (const [reason, milliseconds] of Object.entries(others)) {
      expect([reason, milliseconds / wrong > 0.7, milliseconds / wrong < 1.4]).toEqual([reason, true, true]);
    }
  });
});

describe('a pepper', () => {
  it('marks its hashes, which are worth nothing without it', async () => {
    const hash = await peppered.hash(PASSWORD);
    expect(hash).toMatch(/^\$pepper\$2b\$04\$.{53}\$[\w-]{8}$/);
    await expect(peppered.verify(PASSWORD, hash)).resolves.toBe(true);
    await expect(peppered.verify('wrong', hash)).resolves.toBe(false);
    await expect(hasher({ peppers: ['paprika'] }).verify(PASSWORD, hash)).resolves.toBe(false);
    await expect(shared.verify(PASSWORD, hash)).resolves.toBe(false);
    await expect(shared.verify(PASSWORD, hash.replace('$pepper', ''))).resolves.toBe(false);
  });

  it('lets a long passphrase count whole', async () => {
    const passphrase = 'широка страна моя родная '.repeat(5);
    const hash = await peppered.hash(passphrase + '1');
    await expect(peppered.verify(passphrase + '1', hash)).resolves.toBe(true);
    await expect(peppered.verify(passphrase + '2', hash)).resolves.toBe(false);
    await expect(peppered.hash('a'.repeat(129))).rejects.toThrow(RangeError);
  });

  it('may be replaced: hashes made with older ones stay valid, and are renewed', async () => {
    const both = hasher({ peppers: ['paprika', 'cayenne'] });
    const old = await peppered.hash(PASSWORD);
    await expect(both.verify(PASSWORD, old)).resolves.toBe(true);
    await expect(both.verify('wrong', old)).resolves.toBe(false);
    expect(both.needsRehash(old)).toBe(true);
    const renewed = await both.hash(PASSWORD);
    expect(both.needsRehash(renewed)).toBe(false);
    await expect(hasher({ peppers: ['paprika'] }).verify(PASSWORD, renewed)).resolves.toBe(true);
    await expect(peppered.verify(PASSWORD, renewed)).resolves.toBe(false);
  });

  it('is tried where a hash from before its id does not tell which it was', async () => {
    const unnamed = (await peppered.hash(PASSWORD)).replace(/\$[\w-]{8}$/, '');
    expect(unnamed).toMatch(/^\$pepper\$2b\$04\$.{53}$/);
    for (const peppers of [['cayenne'], ['paprika', 'cayenne'], ['cayenne', 'paprika']]) {
      const one = hasher({ peppers });
      await expect(one.verify(PASSWORD, unnamed)).resolves.toBe(true);
      await expect(one.verify('wrong', unnamed)).resolves.toBe(false);
      expect(one.needsRehash(unnamed)).toBe(true); // so that it gets the id
    }
    await expect(hasher({ peppers: ['paprika'] }).verify(PASSWORD, unnamed)).resolves.toBe(false);
  });

  it('costs the same to say no, whichever a hash was made with, and whether there is one', async () => {
    const both = hasher({ rounds: 9, peppers: ['paprika', 'cayenne'] });
    const [named, plain] = await Promise.all([both.hash(PASSWORD), hasher({ rounds: 9 }).hash(PASSWORD)]);
    const wrong = await leastWork(() => both.verify('wrong', named.replace(/\$[\w-]{8}$/, '')));
    for (const stored of [named, plain, null]) {
      const factor = (await leastWork(() => both.verify('wrong', stored))) / wrong;
      expect(factor > 0.7 && factor < 1.4).toBe(true);
    }
  });

  it('leaves the hashes from before it valid', async () => {
    const hash = await shared.hash(PASSWORD);
    await expect(peppered.verify(PASSWORD, hash)).resolves.toBe(true);
    await expect(peppered.verify('a'.repeat(73), await shared.hash('a'.repeat(72)))).resolves.toBe(false);
  });
});

describe('needsRehash', () => {
  it('says so of a lower cost, and of a missing pepper', async () => {
    const [hash, pepperedHash] = await Promise.all([shared.hash(PASSWORD), peppered.hash(PASSWORD)]);
    expect(shared.needsRehash(hash)).toBe(false);
    expect(shared.needsRehash(hash.replace('$2b$', '$2y$'))).toBe(false);
    expect(shared.needsRehash(hash.replace('$04$', '$12$'))).toBe(false);
    expect(hasher({ rounds: 5 }).needsRehash(hash)).toBe(true);
    expect(peppered.needsRehash(pepperedHash)).toBe(false);
    expect(peppered.needsRehash(hash)).toBe(true);
  });
});

describe('the threads', () => {
  onLinux('are made at the first use, at a lower priority than all others', async () => {
    const lazy = hasher({ threads: 2 });
    const before = niceThreads();
    await lazy.verify('wrong', null);
    expect(niceThreads()).toBe(before + 1);
    await Promise.all([lazy.hash(PASSWORD), lazy.hash(PASSWORD)]);
    expect(niceThreads()).toBe(before + 2);
    await lazy.close();
    expect(niceThreads()).toBe(before);
  });

  it('leave files, DNS and the event loop to others, however many wait', async () => {
    const busy = hasher({ rounds: 8, threads: 2 });
    let done = 0;
    const storm = Array.from({ length: 60 }, () => busy.verify('wrong', null).then(() => done++));
    await stat('.'); // in libuv's pool, as DNS is
    expect(done).toBeLessThan(10);
    expect(busy.stats()).toEqual({ running: 2, waiting: 58 - done });
    await Promise.all(storm);
    expect(busy.stats()).toEqual({ running: 0, waiting: 0 });
  });

  it('do not keep a process alive', async () => {
    const script = `
      import { PasswordHasher } from ${JSON.stringify(new URL('./password-hasher.ts', import.meta.url).href)};
      console.log(await new PasswordHasher({ rounds: 4 }).hash('granite walls'));`;
    const args = ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout).toMatch(/^\$2b\$04\$/);
  });
});

describe('the gate before the threads', () => {
  it('turns away at once whoever would wait too long, by the cost at first', async () => {
    const narrow = hasher({ rounds: 10, maxWaitMs: 100 }); // some 51 ms each
    const calls = [1, 2, 3].map(() => narrow.verify('wrong', null));
    await expect(calls[2]).rejects.toMatchObject(REFUSED);
    expect(narrow.stats()).toEqual({ running: 1, waiting: 1 });
    await Promise.allSettled(calls);
  });

  it('drops a waiting job when its client has gone, and costs no thread', async () => {
    const narrow = hasher({ rounds: 8 });
    const gone = new AbortController();
    const running = narrow.verify('wrong', null, gone.signal);
    const waiting = narrow.hash(PASSWORD, gone.signal);
    gone.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await expect(running).resolves.toBe(false);
  });
});

describe('close', () => {
  it('turns away what waits and lets end what runs', async () => {
    const closing = hasher({ rounds: 8 });
    const running = closing.hash(PASSWORD);
    const waiting = closing.hash(PASSWORD);
    const closed = closing.close();
    await expect(waiting).rejects.toMatchObject(REFUSED);
    await expect(running).resolves.toMatch(/^\$2b\$08\$/);
    await closed;
    await expect(closing.verify('wrong', null)).rejects.toMatchObject(REFUSED);
    await closing.close();
  });

  it('has nothing to do before the first use', async () => {
    await expect(hasher().close()).resolves.toBeUndefined();
  });
});

/** Milliseconds of processor time that an answer of no takes, the least of five: noise only adds. */
async function leastWork(verify: () => Promise<boolean>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const before = process.cpuUsage();
    expect(await verify()).toBe(false);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return Math.min(...times);
}

/** Threads of this process with a lower priority than its main thread. */
function niceThreads(): number {
  const niceOf = (id: string | number) =>
    Number(readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]);
  return readdirSync('/proc/self/task').filter((id) => niceOf(id) > niceOf(process.pid)).length;
}

/** What clients can do: more of everything, and slower. */
import { connect, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { proxyTo } from '../test/support/proxy.js';
import { percentile } from './outcomes.js';
import { Replica } from './replica.js';
import { type Row, row } from './rows.js';
import type { Fault, World } from './world.js';

export const overloadFaults: Fault[] = [
  { name: 'ten times the sign-ins', isQuick: false, run: signIns },
  { name: 'slow headers and bodies', isQuick: false, run: slowSenders },
  { name: 'probes while the database hangs', isQuick: true, run: probes },
];

const HASHES = 5 * availableParallelism(); // that bcrypt makes in a second at cost 12

async function signIns({ folder, url, people }: World): Promise<Row> {
  const replica = await Replica.start('sign-ins', { DATABASE_URL: url, BCRYPT_ROUNDS: '12' }, folder);
  await replica.ready();
  const token = people[0]?.access ?? '';
  const me = () => replica.call('GET', '/api/auth/me', { token });
  const idle = await every(10, 3_000, me);
  // nobody has this name: the work is that of a sign-in all the same, at the full cost
  const body = { username: 'nobody', password: 'a long enough password' };
  const storm = every(1_000 / (10 * HASHES), 5_000, () => replica.call('POST', '/api/auth/login', { body }));
  const [logins, busy, live] = await Promise.all([
    storm,
    every(10, 5_000, me),
    every(100, 5_000, () => replica.call('GET', '/health/live')),
  ]);
  replica.signal('SIGTERM');
  await replica.ended();
  const hashed = logins.filter(({ status }) => status === 401);
  const surplus = logins.filter(({ status }) => status === 503 || status === 429);
  const [quiet, loud] = [percentile(idle, 0.99) ?? 0, percentile(busy, 0.99) ?? 0];
  const slowestRefusal = Math.max(...surplus.map(({ ms }) => ms));
  const slowestLive = Math.max(...live.map(({ ms }) => ms));
  const note =
    `${logins.length} sign-ins: ${hashed.length} hashed, ${surplus.length} turned away within ${Math.round(slowestRefusal)} ms; ` +
    `me p99 ${Math.round(quiet)} → ${Math.round(loud)} ms, live ${Math.round(slowestLive)} ms`;
  return row(
    'ten times the sign-ins it can hash',
    note,
    [
      ['each is hashed or turned away', hashed.length + surplus.length === logins.length],
      ['some are hashed', hashed.length >= HASHES],
      ['the surplus is turned away in 200 ms', surplus.length > 0 && slowestRefusal <= 200],
      ['me goes on', busy.every(({ status }) => status === 200)],
      ['me is not held up', loud <= 2 * quiet + FAIR_SHARE],
      ['live within 100 ms', slowestLive <= 100],
    ],
    Math.max(...logins.map(({ ms }) => ms)),
  );
}

const FAIR_SHARE = 30; // milliseconds: hashing is of low priority, but the kernel lets it finish its time slice

const SENDERS = 1_000;

async function slowSenders({ replicas, people }: World): Promise<Row> {
  const [replica] = replicas;
  const token = people[0]?.access ?? '';
  const head = 'POST /api/auth/login HTTP/1.1\r\nhost: x\r\n';
  const headers = Array.from({ length: SENDERS }, () => slowSender(replica.port, head, 'x-slow: 1\r\n'));
  const rest = 'content-type: application/json\r\ncontent-length: 1000\r\n\r\n{';
  const bodies = Array.from({ length: SENDERS }, () => slowSender(replica.port, head + rest, ' '));
  const others = every(20, 14_000, () => replica.call('GET', '/api/auth/me', { token }));
  const [answers, ends] = await Promise.all([others, Promise.all([...headers, ...bodies])]);
  const lasted = Math.max(...ends.map(({ ms }) => ms));
  const told = ends.filter(({ text }) => text.startsWith('HTTP/1.1 408') && text.includes('problem+json')).length;
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  const served = answers.filter(({ status }) => status === 200).length;
  const note = `closed after ${(lasted / 1000).toFixed(1)} s, ${told} told 408; of ${answers.length} others ${served} served, slowest ${Math.round(slowest)} ms`;
  return row(
    `${SENDERS} slow headers and ${SENDERS} slow bodies`,
    note,
    [
      ['closed within 15 s', lasted <= 15_000],
      ['each is told why', told >= ends.length * 0.99],
      ['others are served', served === answers.length],
    ],
    slowest,
  );
}

/** Sends a little each second until it is cut off. Resolves with what it was told, and after how many milliseconds. */
function slowSender(port: number, start: string, more: string): Promise<{ text: string; ms: number }> {
  const begin = performance.now();
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(port, '127.0.0.1');
    socket.write(start);
    const timer = setInterval(() => socket.writable && socket.write(more), 1_000);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ text, ms: performance.now() - begin });
    });
  });
}

async function probes(world: World): Promise<Row> {
  const { folder, url, postgres } = world;
  const proxy = await proxyTo(url);
  const replica = await Replica.start('probed', { DATABASE_URL: proxy.url }, folder);
  await replica.ready();
  postgres.freeze();
  const [answers, connections] = await Promise.all([
    every(10, 5_000, () => replica.call('GET', '/health/ready')),
    every(10, 5_000, () => Promise.resolve(proxy.open('userhub probe'))),
  ]);
  postgres.thaw();
  replica.signal('SIGTERM');
  await replica.ended();
  proxy.close();
  await Promise.all(world.replicas.map((one) => one.ready()));
  const longest = Math.max(...answers.map(({ ms }) => ms));
  const most = Math.max(...connections);
  const note = `${answers.length} probes, ${most} connection at most`;
  const expect: [string, boolean][] = [
    ['each answers within 1 s', longest <= 1_000],
    ['not ready', answers.slice(-100).every(({ status }) => status === 503)],
    ['by one connection', most === 1],
  ];
  return row('100 probes a second while the database hangs', note, expect, longest);
}

/** Does something every so many milliseconds for so many milliseconds, whether or not the last one has ended. */
async function every<T>(pause: number, length: number, work: () => Promise<T>): Promise<T[]> {
  const start = performance.now();
  const running: Promise<T>[] = [];
  for (let n = 1; performance.now() - start < length; n++) {
    running.push(work());
    await delay(Math.max(0, start + n * pause - performance.now()));
  }
  return Promise.all(running);
}

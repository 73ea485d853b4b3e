/** What can happen to a cluster of three nodes, while people are at work on two replicas of UserHub. */
import { setTimeout as delay } from 'node:timers/promises';
import { proxyTo } from '../../test/support/proxy.js';
import type { Load } from '../load.js';
import { Replica } from '../replica.js';
import { type Row, row, settle, underLoad, type Verdict } from '../rows.js';
import { type Fault, register, type Scene } from '../world.js';
import type { Cluster } from './cluster.js';

/** A scene on a cluster, and the ports by which UserHub reaches it. */
export interface ClusterScene extends Scene {
  cluster: Cluster;
  /** Of HAProxy, or of every node. */
  ports: number[];
  /** Where a mistake leads: the same way, to standbys only. */
  wrongPorts: () => Promise<number[]>;
}

const WARM_UP = 2_000;
const FROZEN = 30_000; // longer than Patroni's ttl
const BOUNDS = { longest: 8_000, back: 3_000 }; // the client's 7 s and a queue; HAProxy notices a second late
const PATIENCE = 60_000;

export const stories: Fault<ClusterScene>[] = [
  { name: 'switchover', isQuick: true, run: switchover },
  { name: 'kill of the primary', isQuick: false, run: killed },
  { name: 'freeze and wake of the primary', isQuick: false, run: frozen },
  { name: 'frozen synchronous standby', isQuick: false, run: frozenStandby },
  { name: 'rolling restart', isQuick: false, run: rollingRestart },
  { name: 'lost rotation', isQuick: false, run: lostRotation },
  { name: 'address of a standby', isQuick: true, run: addressOfStandby },
];

/** Lets something happen to a cluster that is whole, and waits until it is whole again and everybody works. */
function onCluster(
  fault: string,
  scene: ClusterScene,
  happen: (cluster: Cluster, load: Load) => Promise<Verdict>,
): Promise<Row> {
  return underLoad(fault, scene, BOUNDS, async (load) => {
    await scene.cluster.whole();
    await delay(WARM_UP);
    const verdict = await happen(scene.cluster, load);
    await settle(load, 1_500, PATIENCE);
    await scene.cluster.whole();
    return verdict;
  });
}

async function switchover(scene: ClusterScene): Promise<Row> {
  return onCluster('switchover', scene, async (cluster) => {
    const [old, candidate] = [await cluster.primary(), await cluster.synchronous()];
    const asked = old.ask('/switchover', 'POST', { leader: old.name, candidate: candidate.name });
    const back = await cluster.promoted(old);
    return { back, expect: [['Patroni switched over', (await asked).status === 200]] };
  });
}

async function killed(scene: ClusterScene): Promise<Row> {
  return onCluster('primary killed, and its Patroni', scene, async (cluster, load) => {
    const old = await cluster.primary();
    await old.kill();
    const back = await cluster.promoted(old);
    await settle(load, 0, PATIENCE);
    old.start();
    return { back };
  });
}

async function frozen(scene: ClusterScene): Promise<Row> {
  const seconds = FROZEN / 1000;
  return onCluster(`primary frozen for ${seconds} s, then awake`, scene, async (cluster, load) => {
    const old = await cluster.primary();
    old.freeze();
    const asleep = delay(FROZEN);
    const back = await cluster.promoted(old);
    await asleep;
    old.thaw();
    await settle(load, 1_500, PATIENCE);
    return { back, expect: [['the one that woke up is not the primary', !(await old.isPrimary())]] };
  });
}

async function frozenStandby(scene: ClusterScene): Promise<Row> {
  return onCluster('synchronous standby frozen for 20 s', scene, async (cluster) => {
    const standby = await cluster.synchronous();
    standby.freeze();
    await delay(20_000);
    standby.thaw();
    return {};
  });
}

async function rollingRestart(scene: ClusterScene): Promise<Row> {
  return onCluster('rolling restart of all nodes', scene, async (cluster) => {
    const old = await cluster.primary();
    for (const member of cluster.members.filter((one) => one !== old)) {
      await member.ask('/restart', 'POST', {});
      await cluster.whole();
    }
    const candidate = await cluster.synchronous();
    await old.ask('/switchover', 'POST', { leader: old.name, candidate: candidate.name });
    const back = await cluster.promoted(old);
    await cluster.whole();
    const { status } = await old.ask('/restart', 'POST', {});
    return { back, expect: [['the former primary restarted', status === 200]] };
  });
}

/** Without synchronous replication, what was acknowledged last goes with the primary. It must not sign anybody out. */
async function lostRotation({ cluster, replicas: [a, b] }: ClusterScene): Promise<Row> {
  await cluster.whole();
  const [eve] = await register(a, `eve${Date.now()}`, 1);
  if (!eve) throw new Error('Nobody registered');
  const refresh = async (server: Replica) => {
    const answer = await server.call('POST', '/api/auth/refresh', { body: { refresh_token: eve.refresh } });
    if (answer.status === 200) Object.assign(eve, { access: answer.body['access_token'], refresh: answer.body['refresh_token'] }); // prettier-ignore
    return answer.status;
  };
  const before = await refresh(a);
  await cluster.configure({ synchronous_mode: false });
  await cluster.whole({ isSynchronous: false });
  await cluster.replicate(false);
  const rotated = await refresh(a);
  const post = await a.call('POST', '/api/posts', { token: eve.access, body: { title: 'To be lost', content: 'All of it' } }); // prettier-ignore
  const old = await cluster.primary();
  const start = performance.now();
  await old.kill();
  await cluster.promoted(old);
  await cluster.replicate(true);
  await Promise.all([a.ready(), b.ready()]);
  const writeless = performance.now() - start;
  const target = `/api/posts/${String(post.body['id'])}`;
  const [lost, access] = [await b.call('GET', target, { token: eve.access }), await b.call('GET', '/api/auth/me', { token: eve.access })]; // prettier-ignore
  const after = [await refresh(b), await refresh(a)];
  old.start();
  await cluster.whole({ isSynchronous: false });
  await cluster.configure({ synchronous_mode: true });
  await cluster.whole();
  const result = row('asynchronous: a rotation acknowledged and lost', `with a post, as asked for; then ${after.join(' ')}`, [
    ['what was acknowledged was acknowledged', before === 200 && rotated === 200 && post.status === 201],
    ['it was lost', lost.status === 404],
    ['the access token is good', access.status === 200],
    ['the refresh token is good, and the next', after.every((status) => status === 200)],
  ]); // prettier-ignore
  return { ...result, writeless };
}

/** An address that leads to standbys for a while, as a name in DNS or a balancer's mistake does. */
async function addressOfStandby(scene: ClusterScene): Promise<Row> {
  const { cluster, database, folder, ports, replicas } = scene;
  await cluster.whole();
  const ways = await Promise.all(ports.map((port) => proxyTo(cluster.url(database, [port]))));
  const url = cluster.url(database, ways.map((way) => Number(new URL(way.url).port))); // prettier-ignore
  const misled = await Replica.start(`misled${Date.now()}`, { DATABASE_URL: url }, folder);
  await misled.ready();
  const [ada, eve] = await register(replicas[0], `ada${Date.now()}`, 2);
  if (!ada || !eve) throw new Error('Nobody registered');
  const me = async (token: string) => (await misled.call('GET', '/api/auth/me', { token })).status;
  const before = [await me(ada.access), await me(eve.access)];
  const wrong = await scene.wrongPorts();
  ways.forEach((way, i) => way.leadTo(wrong[i % wrong.length] ?? 0));
  const out = await replicas[0].call('POST', '/api/auth/logout', { token: eve.access, body: { refresh_token: eve.refresh } }); // prettier-ignore
  const [bob] = await register(replicas[0], `bob${Date.now()}`, 1);
  const answers = [];
  for (const start = performance.now(); performance.now() - start < 5_000; await delay(20)) {
    for (const token of [ada, eve, bob].map((one) => one?.access ?? '')) answers.push(await misled.call('GET', '/api/auth/me', { token })); // prettier-ignore
    answers.push(await misled.call('POST', '/api/auth/refresh', { body: { refresh_token: eve.refresh } }));
  }
  const [live, ready] = [await misled.call('GET', '/health/live'), await misled.call('GET', '/health/ready')];
  ways.forEach((way, i) => way.leadTo(ports[i] ?? 0));
  const start = performance.now();
  while ((await me(ada.access)) !== 200 && performance.now() - start < PATIENCE) await delay(20);
  const back = performance.now() - start;
  const after = [await me(eve.access), await me(bob?.access ?? '')];
  misled.signal('SIGTERM');
  await misled.ended();
  ways.forEach((way) => way.close());
  const longest = Math.max(...answers.map(({ ms }) => ms));
  const result = row('an address that leads to a standby for 5 s', `${answers.length} answers, all 503`, [
    ['it worked before', before.every((status) => status === 200) && out.status === 204],
    ['every answer is 503, and none of what a standby knows', answers.every(({ status }) => status === 503)],
    ['it lives, and is not ready', live.status === 200 && ready.status === 503],
    ['a first success within 2 s', back <= 2_000],
    ['who signed out is out, who registered is in', after.join() === '401,200'],
  ], longest); // prettier-ignore
  return { ...result, requests: answers.length, back };
}

/**
 * Fails a cluster over under load, on Patroni, etcd and HAProxy: `npm run test:failover [-- --way=haproxy|hosts] [--only=word]`.
 * Prints a table of what came of each story, and fails when one of them broke a promise. Where the programs aren't
 * installed it says which, and ends well.
 */
import { parseArgs } from 'node:util';
import { killAll } from '../processes.js';
import type { Row } from '../rows.js';
import { report, runFaults } from '../run.js';
import { settleIn } from '../world.js';
import { Cluster } from './cluster.js';
import { findPrograms } from './programs.js';
import { type ClusterScene, stories } from './stories.js';

const WAYS = { haproxy: 'HAProxy', hosts: 'DATABASE_URL' };
const TITLES = { haproxy: 'Through HAProxy', hosts: 'By several servers in DATABASE_URL' };

const { values: options } = parseArgs({
  options: { way: { type: 'string' }, only: { type: 'string' }, keep: { type: 'boolean' } },
});

const programs = findPrograms();
if (Array.isArray(programs)) {
  console.log(`Skipped: these packages are missing: ${programs.join(', ')}.`);
  process.exit(0);
}

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const start = performance.now();
const cluster = await Cluster.create(programs);
const rows: Row[] = [];
for (const way of ['haproxy', 'hosts'] as const) {
  if (options.way && options.way !== way) continue;
  console.log(`${TITLES[way]}:`);
  const scene = await openScene(cluster, way);
  rows.push(...(await runFaults(stories, scene, options)).map((row) => ({ ...row, fault: `${WAYS[way]}: ${row.fault}` }))); // prettier-ignore
  for (const replica of scene.replicas) replica.signal('SIGTERM');
  await Promise.all(scene.replicas.map((replica) => replica.ended()));
}
cluster.kill();
report(rows, start, cluster.folder, options.keep);

/** A database of its own, two replicas that reach it in this way, and people. */
async function openScene(cluster: Cluster, way: keyof typeof WAYS): Promise<ClusterScene> {
  const { folder, members, proxy } = cluster;
  await cluster.createDatabase(way);
  const ports = way === 'haproxy' ? [proxy.primary] : members.map(({ port }) => port);
  const standbys = async () => {
    const primary = await cluster.primary();
    return members.filter((member) => member !== primary).map(({ port }) => port);
  };
  const settled = await settleIn(cluster.url(way, ports), folder, `${way}-`);
  const wrongPorts = way === 'haproxy' ? () => Promise.resolve([proxy.standby]) : standbys;
  return { cluster, folder, postgres: cluster, database: way, ports, wrongPorts, ...settled };
}

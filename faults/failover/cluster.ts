import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFile } from '../../src/config/project.js';
import { nobody } from '../../src/process/development/embedded-postgres.js';
import { freePort } from '../../test/support/ports.js';
import { launch } from '../processes.js';
import { Member, type MemberState, SUPERUSER } from './member.js';
import type { Programs } from './programs.js';

const NAMES = ['a', 'b', 'c'];
const PATIENCE = 90_000; // for a cluster to be whole again
const ROLE = 'hub';
const REPLICATOR = 'replicator';

/** Three nodes by Patroni and etcd, with HAProxy before them, run with the files of deploy/patroni. */
export class Cluster {
  private constructor(
    readonly folder: string,
    readonly members: Member[],
    /** Where HAProxy leads to the primary, and to the standbys. */
    readonly proxy: { primary: number; standby: number },
    private readonly password: string,
  ) {}

  /** Makes a cluster in a folder of its own and waits until it is whole. */
  static async create(programs: Programs): Promise<Cluster> {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-failover-'));
    chmodSync(folder, 0o755); // its processes are another user's when this is root
    const account = process.getuid?.() === 0 ? await nobody() : undefined;
    const etcd = await startEtcd(programs, folder);
    const password = randomBytes(12).toString('hex');
    const members: Member[] = [];
    for (const name of NAMES) {
      const [port, api] = [await freePort(), await freePort()];
      const home = path.join(folder, `node-${name}`);
      mkdirSync(home);
      const config = path.join(home, 'patroni.yml');
      copyFileSync(projectFile('deploy/patroni/patroni.yml'), config); // its place may be closed to other users
      if (account) for (const file of [home, config]) chownSync(file, account.uid, account.gid);
      const env = patroniEnv(programs, { name, port, api, home, etcd, password });
      members.push(new Member({ name, port, api, password, folder: home, command: [programs.patroni, config], env, account })); // prettier-ignore
    }
    process.umask(0o077); // PostgreSQL refuses data that others may read, as pg_basebackup would leave them
    for (const member of members) member.start();
    process.once('exit', () => killServers(members));
    const proxy = { primary: await freePort(), standby: await freePort() };
    const nodes = members.flatMap(({ name, port, api }) => [
      [`NODE_${name.toUpperCase()}`, `127.0.0.1:${port}`],
      [`API_${name.toUpperCase()}`, String(api)],
    ]);
    launch([programs.haproxy, '-db', '-f', projectFile('deploy/patroni/haproxy.cfg')], {
      log: path.join(folder, 'haproxy.log'),
      env: { ...(Object.fromEntries(nodes) as Record<string, string>), PRIMARY: `127.0.0.1:${proxy.primary}`, STANDBY: `127.0.0.1:${proxy.standby}` }, // prettier-ignore
    });
    const cluster = new Cluster(folder, members, proxy, password);
    await cluster.whole();
    await cluster.sql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${password}'`);
    return cluster;
  }

  /** Makes an empty database that the servers' role owns. */
  async createDatabase(name: string): Promise<void> {
    await this.sql(`CREATE DATABASE ${name} OWNER ${ROLE}`);
  }

  /** What DATABASE_URL is to be: one port, or several of which it looks for the primary. */
  url(database: string, ports: number[]): string {
    const servers = ports.map((port) => `127.0.0.1:${port}`).join(',');
    return `postgresql://${ROLE}:${this.password}@${servers}/${database}?target_session_attrs=read-write`;
  }

  /** Runs a statement on the primary, as a superuser. */
  async sql<Row extends object>(text: string, values?: unknown[], database?: string): Promise<Row[]> {
    return (await this.primary()).sql<Row>(text, values, database);
  }

  /** The node that is the primary, as soon as there is one, and the one that Patroni says it is. */
  async primary(): Promise<Member> {
    for (const start = performance.now(); performance.now() - start < PATIENCE; await delay(50)) {
      const leader = (await this.states()).find(({ role }) => role === 'leader');
      const member = this.members.find(({ name }) => name === leader?.name);
      if (member && (await member.isPrimary())) return member;
    }
    throw new Error('The cluster has no primary');
  }

  /** The standby that writes wait for. */
  async synchronous(): Promise<Member> {
    const state = (await this.states()).find(({ role }) => role === 'sync_standby');
    const member = this.members.find(({ name }) => name === state?.name);
    if (!member) throw new Error('The cluster has no synchronous standby');
    return member;
  }

  /** Resolves when another node than this one is the primary, with the performance.now() at which it was. */
  async promoted(old: Member): Promise<number> {
    const others = this.members.filter((member) => member !== old);
    for (const start = performance.now(); performance.now() - start < PATIENCE; await delay(50)) {
      if ((await Promise.all(others.map((member) => member.isPrimary()))).includes(true)) return performance.now();
    }
    throw new Error('No standby was promoted');
  }

  /** Resolves when all nodes run, the standbys follow, and one of them synchronously unless told. */
  async whole({ isSynchronous = true } = {}): Promise<void> {
    let states: MemberState[] = [];
    for (const start = performance.now(); performance.now() - start < PATIENCE; await delay(200)) {
      states = await this.states();
      const standbys = states.filter(({ role }) => role !== 'leader');
      const follow = standbys.every(({ state }) => ['running', 'streaming'].includes(state));
      const areSynchronous = standbys.some(({ role }) => role === 'sync_standby');
      if (
        states.length === NAMES.length &&
        standbys.length === NAMES.length - 1 &&
        follow &&
        areSynchronous === isSynchronous
      )
        // prettier-ignore
        if ((await this.followers()) === standbys.length) return;
    }
    throw new Error(`The cluster did not become whole: ${JSON.stringify(states)}`);
  }

  /** Changes Patroni's settings of the whole cluster. */
  async configure(settings: object): Promise<void> {
    await (await this.primary()).ask('/config', 'PATCH', settings);
  }

  /** Keeps the standbys from following the primary, or lets them again: what is written meanwhile is on one machine only. */
  async replicate(isAllowed: boolean): Promise<void> {
    await this.sql(`ALTER ROLE ${REPLICATOR} ${isAllowed ? 'LOGIN' : 'NOLOGIN'}`);
    if (isAllowed) return;
    await this.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_replication`);
    while ((await this.followers()) > 0) await delay(20);
  }

  /** Ends it at once. */
  kill(): void {
    killServers(this.members);
  }

  private async followers(): Promise<number> {
    const [found] = await this.sql<{ count: number }>('SELECT count(*)::int FROM pg_stat_replication').catch(() => []);
    return found?.count ?? 0;
  }

  private async states(): Promise<MemberState[]> {
    const answers = await Promise.all(this.members.map((member) => member.ask('/cluster')));
    return answers.find(({ body }) => body.members)?.body.members ?? [];
  }
}

/** A PostgreSQL is no child of Patroni's, so it doesn't end with it. */
const killServers = (members: Member[]) => members.forEach((member) => member.signal('SIGKILL'));

/** Starts one etcd, where production has three. Returns its address. */
async function startEtcd(programs: Programs, folder: string): Promise<string> {
  const [client, peer] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const flags = {
    name: 'one',
    'data-dir': path.join(folder, 'etcd'),
    'listen-client-urls': `http://${client}`,
    'advertise-client-urls': `http://${client}`,
    'listen-peer-urls': `http://${peer}`,
    'initial-advertise-peer-urls': `http://${peer}`,
    'initial-cluster': `one=http://${peer}`,
    ...(programs.etcdVersion === 'ETCD' && { 'enable-v2': 'true' }),
  };
  const command = [programs.etcd, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
  launch(command, { log: path.join(folder, 'etcd.log') });
  const isThere = () => fetch(`http://${client}/health`).then(({ ok }) => ok, () => false); // prettier-ignore
  while (!(await isThere())) await delay(50);
  return client;
}

interface Place {
  name: string;
  port: number;
  api: number;
  home: string;
  etcd: string;
  password: string;
}

/** What a node's Patroni is told besides its file. */
function patroniEnv(programs: Programs, { name, port, api, home, etcd, password }: Place): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    HOME: home,
    PATRONI_NAME: name,
    PATRONI_RESTAPI_LISTEN: `127.0.0.1:${api}`,
    PATRONI_RESTAPI_CONNECT_ADDRESS: `127.0.0.1:${api}`,
    PATRONI_POSTGRESQL_LISTEN: `127.0.0.1:${port}`,
    PATRONI_POSTGRESQL_CONNECT_ADDRESS: `127.0.0.1:${port}`,
    PATRONI_POSTGRESQL_DATA_DIR: path.join(home, name),
    PATRONI_POSTGRESQL_BIN_DIR: programs.postgres,
    PATRONI_POSTGRESQL_PGPASS: path.join(home, 'pgpass'),
    PATRONI_SUPERUSER_USERNAME: SUPERUSER,
    PATRONI_SUPERUSER_PASSWORD: password,
    PATRONI_REPLICATION_USERNAME: REPLICATOR,
    PATRONI_REPLICATION_PASSWORD: password,
    [`PATRONI_${programs.etcdVersion}_HOSTS`]: etcd,
  };
}

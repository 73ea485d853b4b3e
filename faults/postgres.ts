import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/process/development/embedded-postgres.js';
import { freePort } from '../test/support/ports.js';
import { ended, launch, signalTree } from './processes.js';

const OWNER = 'userhub';
const POLL = 10; // milliseconds: the precision of "accepts connections again"

/** The role that the servers under test use: no superuser, so that limits hold for it too. */
export const ROLE = 'hub';

/** How a PostgreSQL is told to stop: SIGINT ends its sessions, SIGQUIT leaves the clean-up to the next start. */
export const STOP = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** What runs statements as a superuser. */
export type Sql = Pick<Postgres, 'sql'>;

/** A durable PostgreSQL on a port that stays the same, to be stopped, killed and frozen. */
export class Postgres {
  private server?: ChildProcess;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    readonly password: string,
  ) {}

  /** Makes a cluster in this folder and starts it. */
  static async create(folder: string): Promise<Postgres> {
    const password = randomBytes(12).toString('hex');
    const maker = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), password });
    await maker.stop();
    const postgres = new Postgres(folder, await freePort(), password);
    await postgres.start();
    await postgres.sql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${password}'`);
    return postgres;
  }

  /** Makes an empty database that the servers' role owns. Returns its URL. */
  async createDatabase(name: string): Promise<string> {
    await this.sql(`CREATE DATABASE ${name} OWNER ${ROLE}`);
    return this.url(name);
  }

  /** Where the servers find a database. */
  url(name: string, port = this.port): string {
    return `postgresql://${ROLE}:${this.password}@127.0.0.1:${port}/${name}`;
  }

  /** Starts it and waits until it accepts connections. */
  async start(): Promise<void> {
    const dataDir = path.join(this.folder, 'postgres');
    const { uid, gid } = statSync(dataDir); // PostgreSQL refuses to run as root
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.server = launch([binary('postgres'), '-D', dataDir, ...flags], {
      log: path.join(this.folder, 'postgres.log'),
      ...(process.getuid?.() === 0 && { uid, gid }),
    });
    while (!(await this.accepts())) await delay(POLL);
  }

  /** Stops it in this way and waits until it has gone. */
  async stop(how: keyof typeof STOP): Promise<void> {
    this.running.kill(STOP[how]);
    await ended(this.running);
  }

  /** Kills every process of it, as a machine that loses its power does. */
  async kill(): Promise<void> {
    signalTree(this.pid, 'SIGKILL');
    await ended(this.running);
  }

  /** Stops every process of it in its tracks: connections are taken by the kernel, and nothing answers. */
  freeze(): void {
    signalTree(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    signalTree(this.pid, 'SIGCONT');
  }

  /** Runs a statement as a superuser, on a connection of its own. */
  async sql<Row extends object>(text: string, values: unknown[] = [], database = 'postgres'): Promise<Row[]> {
    const client = await this.connect(database);
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** A superuser's connection, for locks that are to be held. */
  async connect(database: string): Promise<pg.Client> {
    const { port, password } = this;
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: OWNER,
      password,
      database,
      application_name: 'faults',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Ends every connection but the superuser's. Returns how many there were. */
  async terminateBackends(): Promise<number> {
    const ended = await this.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, [ROLE]);
    return ended.length;
  }

  private async accepts(): Promise<boolean> {
    return this.sql('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  private get running(): ChildProcess {
    if (!this.server) throw new Error('PostgreSQL has not been started');
    return this.server;
  }

  private get pid(): number {
    return this.running.pid ?? 0;
  }
}

/** A program of the embedded PostgreSQL. */
function binary(name: string): string {
  const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = createRequire(launcher).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return path.resolve(platform, '../../native/bin', name);
}

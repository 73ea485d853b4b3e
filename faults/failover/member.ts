import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { signalTree, ended, launch } from '../processes.js';

export const SUPERUSER = 'postgres';

interface MemberOptions {
  name: string;
  port: number;
  /** Of Patroni's REST API. */
  api: number;
  password: string;
  /** Where its data, its log and Patroni's files are. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  /** Whom it runs as, where this is root: neither Patroni's PostgreSQL nor any other runs as that. */
  account: { uid: number; gid: number } | undefined;
}

/** What Patroni says of a node. */
export interface MemberState {
  name: string;
  role: 'leader' | 'replica' | 'sync_standby' | (string & {});
  state: string;
}

/** What it says of a cluster, at /cluster. */
interface ClusterState {
  members?: MemberState[];
}

/** One node of a cluster, a machine as it were: Patroni, and the PostgreSQL that it runs. */
export class Member {
  private patroni?: ChildProcess;

  constructor(private readonly options: MemberOptions) {}

  get name(): string {
    return this.options.name;
  }

  get port(): number {
    return this.options.port;
  }

  get api(): number {
    return this.options.api;
  }

  start(): void {
    const { command, env, name, folder, account } = this.options;
    this.patroni = launch(command, { env, cwd: folder, log: path.join(folder, `${name}.log`), ...account });
  }

  /** Kills every process of it, as a machine that loses its power does. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    if (this.patroni) await ended(this.patroni);
  }

  /** Stops every process of it in its tracks: its connections stay, and nothing answers. */
  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Asks Patroni's REST API. @returns the status, 0 when there is no answer, and the body */
  async ask(target: string, method = 'GET', body?: object): Promise<{ status: number; body: ClusterState }> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.api}${target}`, {
        method,
        signal: AbortSignal.timeout(method === 'GET' ? 1_000 : 60_000),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as ClusterState) : {} };
    } catch {
      return { status: 0, body: {} };
    }
  }

  /** Runs a statement as a superuser, on a connection of its own. */
  async sql<Row extends object>(text: string, values: unknown[] = [], database = 'postgres'): Promise<Row[]> {
    const { port, password } = this.options;
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: SUPERUSER,
      password,
      database,
      application_name: 'faults',
      connectionTimeoutMillis: 2_000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text, values)).rows;
    } finally {
      client.end().catch(() => undefined);
    }
  }

  /** Whether it takes writes. */
  async isPrimary(): Promise<boolean> {
    const rows = await this.sql<{ is: boolean }>('SELECT NOT pg_is_in_recovery() AS is').catch(() => []);
    return rows[0]?.is === true;
  }

  /** Patroni first, so that it does nothing about the end of its PostgreSQL, which isn't its child. */
  signal(signal: NodeJS.Signals): void {
    if (this.patroni?.pid) signalTree(this.patroni.pid, signal);
    const postmaster = this.postmaster();
    if (postmaster) signalTree(postmaster, signal);
  }

  private postmaster(): number | undefined {
    try {
      const [pid = ''] = readFileSync(path.join(this.options.folder, this.name, 'postmaster.pid'), 'utf8').split('\n');
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres') ? Number(pid) : undefined; // else it is a file that was left behind
    } catch {
      return undefined;
    }
  }
}

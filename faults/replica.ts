import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/support/ports.js';
import { ended, launch } from './processes.js';

/** What came of a request. Status 0: no answer at all. */
export interface Answer<Body = Record<string, unknown>> {
  status: number;
  body: Body;
  retryAfter: string | undefined;
  type: string | undefined;
  /** performance.now() when it was sent, and the milliseconds that it took. */
  at: number;
  ms: number;
}

interface CallOptions {
  token?: string;
  body?: object;
}

/** What every server here signs with. */
export const SECRET = 'known to every replica, and to nobody else';

const PATIENCE = 20_000;
const IDLE = 60_000;
const MAIN = process.env['FAULTS_MAIN'] ?? path.resolve(import.meta.dirname, '../dist/src/main.js');

/** A server under test, as it is run in production: a process of its own, called over sockets that are kept alive. */
export class Replica {
  /** As a balancer's, it lets idle connections go before the server does: else a request may meet one that is closing. */
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 500, timeout: IDLE });
  private child?: ChildProcess;

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly env: Record<string, string>,
    private readonly folder: string,
  ) {}

  /** Starts a server with these variables besides those of every server here; it need not be ready yet. */
  static async start(name: string, env: Record<string, string>, folder: string): Promise<Replica> {
    const replica = new Replica(name, await freePort(), env, folder);
    replica.restart();
    return replica;
  }

  /** Starts the process again, on the same port. */
  restart(): void {
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      BREACHED_PASSWORDS: 'off',
      HOST: '127.0.0.1',
      PORT: String(this.port),
      JWT_SECRET_KEY: SECRET,
      BCRYPT_ROUNDS: '10',
      THROTTLE: 'off',
      SHUTDOWN_DELAY_SECONDS: '2',
      ...this.env,
    };
    this.child = launch([process.execPath, MAIN], { env, cwd: this.folder, log: this.log });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Whether the process that was started last still runs. */
  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** What it has logged, from its first start on. */
  get logs(): string {
    return readFileSync(this.log, 'utf8');
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Resolves when the process has ended: with its exit code, and after how many milliseconds. */
  async ended(): Promise<{ code: number | null; ms: number }> {
    const start = performance.now();
    const { code } = await ended(this.process);
    this.agent.destroy();
    return { code, ms: performance.now() - start };
  }

  async isReady(): Promise<boolean> {
    return (await this.call('GET', '/health/ready')).status === 200;
  }

  /** Resolves when it is ready, with the milliseconds that it took. @throws when it dies or takes more than a minute */
  async ready(): Promise<number> {
    const start = performance.now();
    while (!(await this.isReady())) {
      if (!this.isRunning) throw new Error(`${this.name} has ended; see ${this.log}`);
      if (performance.now() - start > 60_000) throw new Error(`${this.name} did not become ready; see ${this.log}`);
      await delay(20);
    }
    return performance.now() - start;
  }

  /** Sends a request and waits for whatever comes of it. Never throws, and never tries twice. */
  call<Body = Record<string, unknown>>(
    method: string,
    target: string,
    { token, body }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const at = performance.now();
    const payload = body && JSON.stringify(body);
    const headers = {
      ...(payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve) => {
      const settle = (status: number, text = '', received: NodeJS.Dict<string | string[]> = {}) => {
        clearTimeout(timer);
        const retryAfter = received['retry-after'] as string | undefined;
        const type = received['content-type'] as string | undefined;
        resolve({ status, body: parse(text) as Body, retryAfter, type, at, ms: performance.now() - at });
      };
      const { agent, port } = this;
      const sent = request({ host: '127.0.0.1', port, method, path: target, headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => settle(response.statusCode ?? 0, text, response.headers));
        response.on('error', () => settle(0));
      });
      const timer = setTimeout(() => sent.destroy(), PATIENCE);
      sent.on('error', () => settle(0));
      sent.end(payload);
    });
  }

  private get log(): string {
    return path.join(this.folder, `${this.name}.log`);
  }

  private get process(): ChildProcess {
    if (!this.child) throw new Error(`${this.name} has not been started`);
    return this.child;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

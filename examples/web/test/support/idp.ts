import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../../..');

/** A port that is free. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** The local issuer that `npm run idp` starts, on a port of its own. */
export class LocalIssuer {
  private child: ChildProcess | undefined;

  constructor(
    readonly port: number,
    private readonly api: () => string,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it anew: with other keys, and knowing nobody. */
  async start(): Promise<void> {
    const script = [
      '--disable-warning=ExperimentalWarning',
      '--import',
      '@swc-node/register/esm-register',
      'scripts/idp.ts',
    ];
    const env = { PATH: process.env['PATH'], IDP_PORT: String(this.port), PUBLIC_URL: this.api() };
    const child = spawn(process.execPath, script, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`The issuer ended.\n${output}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes('Ctrl+C')) resolve();
        });
      }
    });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  }
}

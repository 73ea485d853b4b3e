import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A built server of this repository, or of the folder that USERHUB_HOME names. */
const HOME = process.env['USERHUB_HOME'] ?? path.resolve(import.meta.dirname, '../../..');
const LONGEST_START = 90_000;

/** A server on a port of its own, with a new database. */
export interface Server {
  /** `http://127.0.0.1:…` */
  url: string;
  admin: { email: string; password: string };
  stop: () => Promise<void>;
}

/** Starts the server as `npm start` does, with these variables besides. @throws when it doesn't come up within 90 s */
export async function startServer(env: Record<string, string> = {}): Promise<Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'userhub-client-'));
  const admin = { email: 'root@example.com', password: 'correct horse battery' };
  const child = spawn(process.execPath, [path.join(HOME, 'dist/src/main.js')], {
    cwd: folder, // where there is no .env
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      DATA_DIR: path.join(folder, 'data'),
      PORT: '0',
      LOG_LEVEL: 'error',
      FIRST_ADMIN_EMAIL: admin.email,
      FIRST_ADMIN_PASSWORD: admin.password,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await address(child), admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the banner says, which is printed when all is ready. */
function address(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The server ${why}. Has it been built?\n${output}`));
    const timer = setTimeout(() => fail('took too long to start'), LONGEST_START);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /API\s+(http:\S+)\/api/.exec(output)?.[1];
      if (!url) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => fail('ended'));
  });
}

import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Environment } from '../config/environment.js';
import { decodeText } from '../config/text-file.js';
import { Failure } from './failures.js';

/** What a command reads, writes and is set up by; of the process, or of a test. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean };
  /** What was asked for, and nothing else. */
  stdout: Writable;
  /** Questions, logs, progress and complaints. */
  stderr: Writable & { isTTY?: boolean };
  env: Environment;
}

/** Prints a line of what was asked for. */
export function say({ stdout }: Terminal, line = ''): void {
  stdout.write(`${line}\n`);
}

/**
 * A secret: typed twice and not shown, or, when nobody types, all that comes in, less the line break at its end.
 * @throws Failure when there is none, or when the two differ
 */
export async function readSecret(terminal: Terminal, what: string): Promise<string> {
  const secret = terminal.stdin.isTTY
    ? await askTwice(terminal, what)
    : decodeText(await buffer(terminal.stdin)).replace(/\r?\n$/, '');
  if (!secret) throw new Failure(`There is no ${what}: type it when asked, or send it on standard input.`);
  return secret;
}

async function askTwice({ stdin, stderr }: Terminal, what: string): Promise<string> {
  const giveUp = new AbortController();
  const lines = createInterface({ input: stdin, output: nowhere(), terminal: true, historySize: 0 });
  lines.on('close', () => giveUp.abort()); // Ctrl-C, Ctrl-D
  const ask = async (question: string) => {
    stderr.write(question);
    const answer = await lines.question('', { signal: giveUp.signal }).catch(() => {
      throw new Failure('Given up.');
    });
    stderr.write('\n');
    return answer;
  };
  try {
    const secret = await ask(`New ${what}: `);
    if ((await ask(`Again: `)) !== secret) throw new Failure(`The ${what} was not the same both times.`);
    return secret;
  } finally {
    lines.close();
  }
}

/** Where typed characters go instead of the screen. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

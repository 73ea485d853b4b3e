import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Environment } from '../config/environment.js';
import { decodeText } from '../config/text-file.js';
import { Failure } from './failures.js';

/** Input, output and environment of a command, of the process or of a test. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean };
  /** The result of the command. */
  stdout: Writable;
  /** Prompts, logs, progress and errors. */
  stderr: Writable & { isTTY?: boolean };
  env: Environment;
}

/** Prints a line of the result. */
export function say({ stdout }: Terminal, line = ''): void {
  stdout.write(`${line}\n`);
}

/**
 * Reads a secret: typed twice without echo or, when stdin isn't a terminal, all of stdin without its final line break.
 * @throws Failure when it is empty, or when the two differ
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

/** Discards the echo of typed characters. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

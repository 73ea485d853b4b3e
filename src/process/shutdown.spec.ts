import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** Runs a process that says what it does, and whose end takes half a second; `script` is what it does meanwhile. */
async function run(script: string): Promise<{ code: number | null; said: string }> {
  const program = `
    import { shutDownOnSignal } from '${path.join(import.meta.dirname, 'shutdown.ts')}';
    const say = (text) => process.stdout.write(text + '\\n');
    const logger = { info: ({ reason }) => say(reason), fatal: ({ event, err }) => say(event + ' ' + err.message) };
    shutDownOnSignal({ logger, delay: 0 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      say('ended');
    });
    setInterval(() => undefined, 1000);
    ${script}`;
  const child = spawn(
    process.execPath,
    ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', program],
    { cwd: path.join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.trim().replaceAll('\n', ', ') };
}

const signal = (name: string) => `process.kill(process.pid, '${name}');`;

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'])('ends in order when it is told to by %s', async (name) => {
    expect(await run(signal(name))).toMatchObject({ code: 0, said: `${name}, ended` });
  });

  it('ends at once when it is told to again', async () => {
    // had it waited for its end, it would have said so
    const script = `${signal('SIGTERM')} setTimeout(() => { ${signal('SIGTERM')} }, 100);`;
    expect(await run(script)).toEqual({ code: 1, said: 'SIGTERM' });
  });

  it.each([
    ['an exception', `setTimeout(() => { throw new Error('oh no'); }, 0);`, 'uncaughtException'],
    ['a rejection', `void Promise.reject(new Error('oh no'));`, 'unhandledRejection'],
  ])('ends in order, but with code 1, when %s is caught by nobody', async (_, script, event) => {
    expect(await run(script)).toMatchObject({ code: 1, said: `${event} oh no, ${event}, ended` });
  });

  it('finishes its end when something fails meanwhile', async () => {
    const script = `${signal('SIGTERM')} setTimeout(() => { throw new Error('oh no'); }, 100);`;
    expect(await run(script)).toMatchObject({ code: 1, said: 'SIGTERM, uncaughtException oh no, ended' });
  });
});

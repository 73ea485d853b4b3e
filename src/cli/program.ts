/** The command line. The code of a command is imported when it runs, so that help is fast. */
import { Command, CommanderError } from 'commander';
import { EnvironmentReader } from '../config/environment.js';
import { projectVersion } from '../config/project.js';
import { examples, wholeNumber } from './arguments.js';
import { explain } from './failures.js';
import type { ListOptions } from './mail.js';
import { addAccounts, addBulk } from './program.accounts.js';
import type { Terminal } from './terminal.js';

/**
 * Runs a command line. Returns the exit code: 0, 1 when the command fails, 2 when there is no such command or option.
 * Never throws.
 */
export async function run(args: string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode && 2; // commander has printed the message
    terminal.stderr.write(`error: ${explain(error)}\n`);
    if (isDebugging(terminal)) terminal.stderr.write(`${(error as Partial<Error>).stack}\n`);
    return 1;
  }
}

function program(terminal: Terminal): Command {
  const userhub = new Command('userhub')
    .description('Administers a UserHub: its database, accounts and settings.')
    .version(projectVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', SETTINGS);
  for (const add of [addDatabase, addAccounts, addBulk, addMail, addDemo, addDiagnosis]) add(userhub, terminal);
  return userhub;
}

const SETTINGS = `
Settings come from the environment and from .env in this folder, as they do for the server. Without DATABASE_URL it is
the embedded database in .data/, also while the server runs on it. DEBUG=true shows statements and stack traces.`;

function addDatabase(userhub: Command, terminal: Terminal): void {
  userhub
    .command('migrate')
    .description('apply pending migrations; safe to run several times at once')
    .action(async () => (await import('./migrations.js')).applyAll(terminal));
  userhub
    .command('revert')
    .description('revert the newest applied migration; data in its tables and columns is lost')
    .action(async () => (await import('./migrations.js')).revertNewest(terminal));
  userhub
    .command('status')
    .description('list the migrations, oldest first, and whether each is applied')
    .option('--check', 'fail when some are pending')
    .addHelpText('after', examples('userhub status', 'userhub status --check || userhub migrate'))
    .action(async (options: { check?: boolean }) => (await import('./migrations.js')).showStatus(terminal, options));
}

function addMail(userhub: Command, terminal: Terminal): void {
  const mail = userhub.command('mail').description('test the mail relay; list mails, and send them again');
  mail
    .command('test')
    .description('send a test mail, and print the answer of the relay')
    .argument('<address>', 'the recipient')
    .addHelpText('after', examples('userhub mail test you@example.com'))
    .action(async (to: string) => (await import('./mail.js')).sendTestMail(terminal, to));
  mail
    .command('list')
    .description('list mails of the last 30 days, newest first')
    .option('--state <state>', 'queued, sent, failed or expired')
    .option('--kind <kind>', 'such as verify or reset')
    .option('--to <address>', 'the recipient')
    .option('--limit <count>', 'how many, 100 at most', wholeNumber, 20)
    .addHelpText('after', examples('userhub mail list --state failed', 'userhub mail list --to ada@example.com'))
    .action(async (options: ListOptions) => (await import('./mail.js')).listMails(terminal, options));
  mail
    .command('retry')
    .description('queue a mail for another try at once')
    .argument('<id>', 'as `userhub mail list` shows it')
    .action(async (id: string) => (await import('./mail.js')).retryMail(terminal, id));
}

function addDemo(userhub: Command, terminal: Terminal): void {
  userhub
    .command('seed')
    .description('add demo data that is missing, and print how to sign in')
    .option('--users <count>', 'also add so many generated users, for long lists', wholeNumber)
    .option('--force', 'in production too, although everybody knows the password')
    .addHelpText('after', examples('userhub seed', 'userhub seed --users 10000'))
    .action(async (options: { users?: number; force?: boolean }) =>
      (await import('./seed.js')).seed(terminal, options),
    );
  userhub
    .command('example')
    .description(
      'use the services without HTTP: create, find, authenticate; copy src/cli/example.ts for your own scripts',
    )
    .action(async () => (await import('./example.js')).example(terminal));
}

function addDiagnosis(userhub: Command, terminal: Terminal): void {
  userhub
    .command('doctor')
    .description('check settings, machine and database, and print what to mend; changes nothing')
    .addHelpText('after', '\n  ✓ good   ! doubtful   ✗ must be fixed: the exit code is 1')
    .addHelpText('after', examples('userhub doctor', 'NODE_ENV=production userhub doctor'))
    .action(async () => (await import('./doctor.js')).doctor(terminal));
  userhub
    .command('openapi')
    .description('print the OpenAPI document, the one that /openapi.json answers')
    .option('-o, --output <file>', 'write it to this file instead')
    .addHelpText('after', examples('userhub openapi | jq .paths', 'userhub openapi --output openapi.json'))
    .action(async (options: { output?: string }) => (await import('./openapi.js')).writeOpenApi(terminal, options));
}

const isDebugging = ({ env }: Terminal) => new EnvironmentReader(env).flag('DEBUG', false);

/** The command line as a whole. What a command does is loaded when it runs, so that help is there at once. */
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
    if (error instanceof CommanderError) return error.exitCode && 2; // it has said so already
    terminal.stderr.write(`error: ${explain(error)}\n`);
    if (isDebugging(terminal)) terminal.stderr.write(`${(error as Partial<Error>).stack}\n`);
    return 1;
  }
}

function program(terminal: Terminal): Command {
  const userhub = new Command('userhub')
    .description('Looks after a UserHub: its database, its accounts, its settings.')
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
    .description('apply the migrations that the database lacks; several at once do no harm')
    .action(async () => (await import('./migrations.js')).applyAll(terminal));
  userhub
    .command('revert')
    .description('undo the newest applied migration, and lose what only it has room for')
    .action(async () => (await import('./migrations.js')).revertNewest(terminal));
  userhub
    .command('status')
    .description('list the migrations, oldest first, and whether each is applied')
    .option('--check', 'fail when some are pending')
    .addHelpText('after', examples('userhub status', 'userhub status --check || userhub migrate'))
    .action(async (options: { check?: boolean }) => (await import('./migrations.js')).showStatus(terminal, options));
}

function addMail(userhub: Command, terminal: Terminal): void {
  const mail = userhub
    .command('mail')
    .description('try out the way to the relay; see which mails went, and which did not');
  mail
    .command('test')
    .description('hand a mail to the relay, and say what the relay said')
    .argument('<address>', 'whom to send it to')
    .addHelpText('after', examples('userhub mail test you@example.com'))
    .action(async (to: string) => (await import('./mail.js')).sendTestMail(terminal, to));
  mail
    .command('list')
    .description('list mails of the last 30 days, newest first')
    .option('--state <state>', 'queued, sent, failed or expired')
    .option('--kind <kind>', 'such as verify or reset')
    .option('--to <address>', 'to whom')
    .option('--limit <count>', 'how many, 100 at most', wholeNumber, 20)
    .addHelpText('after', examples('userhub mail list --state failed', 'userhub mail list --to ada@example.com'))
    .action(async (options: ListOptions) => (await import('./mail.js')).listMails(terminal, options));
  mail
    .command('retry')
    .description('have a server try a mail again at once')
    .argument('<id>', 'as `userhub mail list` shows it')
    .action(async (id: string) => (await import('./mail.js')).retryMail(terminal, id));
}

function addDemo(userhub: Command, terminal: Terminal): void {
  userhub
    .command('seed')
    .description('plant demo data, as far as they are not there yet, and say how to sign in')
    .option('--users <count>', 'and so many made-up people besides, for lists that are long', wholeNumber)
    .option('--force', 'in production too, although everybody knows the password')
    .addHelpText('after', examples('userhub seed', 'userhub seed --users 10000'))
    .action(async (options: { users?: number; force?: boolean }) =>
      (await import('./seed.js')).seed(terminal, options),
    );
  userhub
    .command('example')
    .description('use the services without HTTP: create, find, authenticate; src/cli/example.ts is there to be copied')
    .action(async () => (await import('./example.js')).example(terminal));
}

function addDiagnosis(userhub: Command, terminal: Terminal): void {
  userhub
    .command('doctor')
    .description('check the settings, this machine and the database, and say what to do; changes nothing')
    .addHelpText('after', '\n  ✓ all well   ! worth a thought   ✗ must be fixed: the exit code is 1')
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

/** The command line as a whole. What a command does is loaded when it runs, so that help is there at once. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EnvironmentReader } from '../config/environment.js';
import { projectVersion } from '../config/project.js';
import { explain } from './failures.js';
import type { ImportOptions } from './import.js';
import type { ListOptions } from './mail.js';
import type { Terminal } from './terminal.js';

const MOST_USERS = 1_000_000;

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

function addAccounts(userhub: Command, terminal: Terminal): void {
  userhub
    .command('create-admin')
    .description('make an account that may do everything; the password is asked for, or read from standard input')
    .requiredOption('--email <address>', 'what to sign in with')
    .requiredOption('--username <name>', 'the same, shorter')
    .option('--display-name <name>', 'how others see the person')
    .addHelpText(
      'after',
      examples(
        'userhub create-admin --email root@example.com --username root',
        'userhub create-admin --email root@example.com --username root < password.txt',
      ),
    )
    .action(async (options: { email: string; username: string; displayName?: string }) =>
      (await import('./create-admin.js')).createAdmin(terminal, options),
    );
  userhub
    .command('unblock')
    .description('forget the wrong passwords typed for an account, so that its owner can sign in at once')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub unblock ada@example.com', 'userhub unblock ada'))
    .action(async (user: string) => (await import('./unblock.js')).unblock(terminal, user));
  userhub
    .command('reset-password')
    .description('print the link, and the code, by which somebody chooses a new password; works without mail, too')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub reset-password ada@example.com', 'userhub reset-password ada'))
    .action(async (user: string) => (await import('./reset-password.js')).resetPassword(terminal, user));
  userhub
    .command('verify-emails')
    .description('take the addresses of older accounts for verified, where something else has proved them')
    .requiredOption('--created-before <date>', 'of which accounts')
    .addHelpText('after', examples('userhub verify-emails --created-before 2026-01-31'))
    .action(async (options: { createdBefore: string }) =>
      (await import('./verify-emails.js')).verifyEmails(terminal, options),
    );
  userhub
    .command('reset-mfa')
    .description('take away all second factors of somebody who has lost them, and sign them out everywhere')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub reset-mfa root@example.com', 'userhub reset-mfa root'))
    .action(async (user: string) => (await import('./reset-mfa.js')).resetMfa(terminal, user));
}

function addBulk(userhub: Command, terminal: Terminal): void {
  userhub
    .command('import')
    .description('take accounts over from another system, out of a file of any size; what is there already is skipped')
    .argument('<file>', 'NDJSON, or CSV with a header (.csv); docs/moving-in.md has the members')
    .option('--on-conflict <what>', 'skip or update accounts that are there already', oneOf('skip', 'update'), 'skip')
    .option('--dry-run', 'try everything, and write nothing')
    .option(
      '--from <system>',
      'whose own export the file is: auth0, aspnet, clerk, django, keycloak, supabase',
      oneOf('userhub', 'auth0', 'aspnet', 'clerk', 'django', 'keycloak', 'supabase'),
      'userhub',
    )
    .addOption(
      new Option(
        '--firebase-config <file>',
        "the file is Firebase's own export; this one holds its hash parameters as JSON",
      ).conflicts('from'),
    )
    .addHelpText(
      'after',
      examples(
        'userhub import accounts.ndjson --dry-run',
        'userhub import accounts.csv --on-conflict update',
        'userhub import realm-export.json --from keycloak',
        'userhub import users.json --firebase-config hash-config.json',
      ),
    )
    .action(async (file: string, options: ImportOptions) =>
      (await import('./import.js')).importUsers(terminal, file, options),
    );
  userhub
    .command('export')
    .description('write all accounts of people as NDJSON, which import reads back')
    .option('--with-hashes', 'with the hashes of their passwords: keep that file as you keep the database')
    .addHelpText(
      'after',
      examples('userhub export > accounts.ndjson', 'userhub export --with-hashes > accounts.ndjson'),
    )
    .action(async (options: { withHashes?: boolean }) => (await import('./export.js')).exportUsers(terminal, options));
}

function oneOf<T extends string>(...values: T[]): (text: string) => T {
  return (text) => {
    const value = values.find((one) => one === text);
    if (value === undefined) throw new InvalidArgumentError(`It must be ${values.join(' or ')}.`);
    return value;
  };
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

const examples = (...lines: string[]) => ['\nExamples:', ...lines.map((line) => `  $ ${line}`)].join('\n');

function wholeNumber(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= MOST_USERS) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_USERS}.`);
}

const isDebugging = ({ env }: Terminal) => new EnvironmentReader(env).flag('DEBUG', false);

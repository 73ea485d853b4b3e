import { type Command, Option } from 'commander';
import { examples, oneOf } from './arguments.js';
import type { ImportOptions } from './import.js';
import type { Terminal } from './terminal.js';

/** Adds the commands about single accounts. */
export function addAccounts(userhub: Command, terminal: Terminal): void {
  userhub
    .command('create-admin')
    .description('create an admin; the password is asked for, or read from standard input')
    .requiredOption('--email <address>', 'its e-mail address')
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
    .description('reset the count of wrong passwords of an account, so that its owner can sign in at once')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub unblock ada@example.com', 'userhub unblock ada'))
    .action(async (user: string) => (await import('./unblock.js')).unblock(terminal, user));
  userhub
    .command('reset-password')
    .description('print the link and the code by which a user chooses a new password; works without mail, too')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub reset-password ada@example.com', 'userhub reset-password ada'))
    .action(async (user: string) => (await import('./reset-password.js')).resetPassword(terminal, user));
  userhub
    .command('verify-emails')
    .description('mark the addresses of older accounts as verified, if they were verified by other means')
    .requiredOption('--created-before <date>', 'which accounts')
    .addHelpText('after', examples('userhub verify-emails --created-before 2026-01-31'))
    .action(async (options: { createdBefore: string }) =>
      (await import('./verify-emails.js')).verifyEmails(terminal, options),
    );
  userhub
    .command('reset-mfa')
    .description('remove all second factors of a user who has lost them, and end their sessions')
    .argument('<user>', 'e-mail address or username')
    .addHelpText('after', examples('userhub reset-mfa root@example.com', 'userhub reset-mfa root'))
    .action(async (user: string) => (await import('./reset-mfa.js')).resetMfa(terminal, user));
}

/** Adds import and export. */
export function addBulk(userhub: Command, terminal: Terminal): void {
  userhub
    .command('import')
    .description('import accounts of another system from a file of any size; existing accounts are skipped')
    .argument('<file>', 'NDJSON, or CSV with a header (.csv); docs/moving-in.md has the members')
    .option('--on-conflict <what>', 'skip or update existing accounts', oneOf('skip', 'update'), 'skip')
    .option('--dry-run', 'validate everything, and write nothing')
    .option(
      '--from <system>',
      'the system that exported the file: auth0, aspnet, clerk, django, keycloak, supabase',
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
    .option('--with-hashes', 'with the hashes of their passwords: protect that file like the database')
    .addHelpText(
      'after',
      examples('userhub export > accounts.ndjson', 'userhub export --with-hashes > accounts.ndjson'),
    )
    .action(async (options: { withHashes?: boolean }) => (await import('./export.js')).exportUsers(terminal, options));
}

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { SCRIPT, type Call } from '../request.js';
import type { ImportDto } from '../users/import/import.dto.js';
import type { RawRow } from '../users/import/read-rows.js';
import { cellValues } from '../users/import/read-rows.js';
import { UserImport } from '../users/import/user-import.js';
import { Failure } from './failures.js';
import { progressBar } from './progress-bar.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** How to import. */
export interface ImportOptions {
  onConflict: 'skip' | 'update';
  dryRun?: boolean;
  firebaseConfig?: string;
}

const BATCH = 500;

/**
 * `import`: accounts out of a file of any size, a batch at a time. Run again after it was broken off, it goes on: what is
 * there already is skipped.
 * @throws Failure when the file can't be read, or rows failed
 */
export async function importUsers(terminal: Terminal, file: string, options: ImportOptions): Promise<void> {
  const rows = options.firebaseConfig ? firebaseRows(file, options.firebaseConfig) : rowsOf(file);
  const sum = { total: 0, added: 0, updated: 0, skipped: 0, failed: 0 };
  const bar = progressBar(terminal, (await sizeOf(file)) || 1);
  await withApp(terminal, async (app) => {
    const users = app.get(UserImport);
    const query = { dry_run: options.dryRun ?? false, on_conflict: options.onConflict, results: 'failed' } as const;
    for await (const batch of inBatches(rows)) {
      const done = await users.run(batch.rows, query, SCRIPT as Call);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += done[name];
      tellFailures(terminal, done);
      bar?.update(batch.position);
    }
  });
  bar?.stop();
  const { total, added, updated, skipped, failed } = sum;
  const tried = options.dryRun ? 'Nothing was written. ' : '';
  say(terminal, `${tried}${total} rows: ${added} added, ${updated} updated, ${skipped} skipped, ${failed} failed.`);
  if (failed) throw new Failure(`${failed} ${failed === 1 ? 'row' : 'rows'} failed.`);
}

function tellFailures({ stderr }: Terminal, { results }: ImportDto): void {
  for (const { line, pointer, detail, code } of results) {
    stderr.write(`line ${line}: ${pointer ? `${pointer.slice(1)}: ` : ''}${detail ?? code}\n`);
  }
}

/** A row, and how many bytes of the file have been read when it comes. */
type Positioned = RawRow & { position: number };

async function* inBatches(rows: AsyncIterable<Positioned>): AsyncGenerator<{ rows: RawRow[]; position: number }> {
  let batch: RawRow[] = [];
  let last = 0;
  for await (const { position, ...row } of rows) {
    last = position;
    batch.push(invited(row) ? { ...row, value: undefined, problem: 'Invitations are sent by POST /api/users/import.' } : row); // prettier-ignore
    if (batch.length < BATCH) continue;
    yield { rows: batch, position };
    batch = [];
  }
  if (batch.length) yield { rows: batch, position: last };
}

const invited = ({ value }: RawRow) => (value as { invite?: unknown } | undefined)?.invite === true;

const rowsOf = (file: string) => (/\.csv$/i.test(file) ? csvRows(file) : ndjsonRows(file));

async function* ndjsonRows(file: string): AsyncGenerator<Positioned> {
  const stream = createReadStream(file);
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line++;
    const content = text.replace(/^\ufeff/, '');
    if (content.trim() === '') continue;
    const position = stream.bytesRead;
    try {
      yield { line, value: JSON.parse(content), position };
    } catch {
      yield { line, problem: 'This line is no JSON.', position };
    }
  }
}

async function* csvRows(file: string): AsyncGenerator<Positioned> {
  const stream = createReadStream(file);
  const records = stream.pipe(parse({ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true }));
  for await (const { record, info } of records as AsyncIterable<{
    record: Record<string, string>;
    info: { lines: number };
  }>) {
    // prettier-ignore
    yield { line: info.lines, value: cellValues(record), position: stream.bytesRead };
  }
}

interface FirebaseUser {
  email?: string;
  emailVerified?: boolean;
  passwordHash?: string;
  salt?: string;
  displayName?: string;
  createdAt?: string;
  disabled?: boolean;
}

interface FirebaseConfig {
  base64_signer_key: string;
  base64_salt_separator: string;
  rounds: number;
  mem_cost: number;
}

/** The file of `firebase auth:export users.json`, and the hash parameters that the Firebase console shows. */
async function* firebaseRows(file: string, configFile: string): AsyncGenerator<Positioned> {
  const { users } = await readJson<{ users?: FirebaseUser[] }>(file);
  const config = await readJson<FirebaseConfig>(configFile);
  if (!Array.isArray(users)) throw new Failure(`${file} is no export of Firebase: it has no list "users".`);
  const position = await sizeOf(file);
  for (const [index, user] of users.entries()) yield { line: index + 1, value: fromFirebase(user, config), position };
}

function fromFirebase(user: FirebaseUser, config: FirebaseConfig): object {
  const { email, emailVerified, passwordHash, salt, displayName, createdAt, disabled } = user;
  const { mem_cost: n, rounds: r, base64_salt_separator: ss, base64_signer_key: sk } = config;
  const hash = passwordHash && salt && `$fbscrypt$v=1,n=${n},r=${r},p=1,ss=${ss},sk=${sk}$${plain(salt)}$${plain(passwordHash)}`; // prettier-ignore
  return {
    email,
    ...(hash && { password_hash: hash }),
    ...(displayName && { display_name: displayName }),
    ...(createdAt && { created_at: new Date(Number(createdAt)).toISOString() }),
    email_verified: emailVerified ?? false,
    is_active: !disabled,
  };
}

/** Firebase exports base64 with the alphabet for URLs. */
const plain = (base64: string) => base64.replaceAll('-', '+').replaceAll('_', '/');

async function readJson<T>(file: string): Promise<T> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`);
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`);
  }
}

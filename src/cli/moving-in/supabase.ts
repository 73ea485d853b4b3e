import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { converted, csvRows, type Positioned, type Rows } from './files.js';
import { displayNameOf, idOf, type Row, rowOf, timeOf } from './members.js';

type User = Partial<
  Record<
    'id' | 'email' | 'encrypted_password' | 'email_confirmed_at' | 'raw_user_meta_data' | 'created_at' | 'banned_until' | 'deleted_at', // prettier-ignore
    string
  >
>;

const COPY = /^COPY "?auth"?\."?users"? \((.+)\) FROM stdin;$/i;
const INSERT = /^INSERT INTO "?auth"?\."?users"? \((.+?)\) VALUES\s*(.*)$/i;
const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The table `auth.users`: as CSV, or as an SQL dump (`pg_dump`, `supabase db dump --data-only`) with COPY or INSERT. */
export const supabaseRows = (file: string): Rows =>
  converted(/\.sql$/i.test(file) ? dumpRows(file) : csvRows(file), rowFrom);

function rowFrom(user: User): Row {
  return rowOf({
    id: idOf(user.id),
    email: user.email,
    display_name: nameIn(user.raw_user_meta_data),
    password_hash: user.encrypted_password,
    email_verified: Boolean(user.email_confirmed_at),
    is_active: !user.deleted_at && !(Date.parse(timeOf(user.banned_until) ?? '') > Date.now()),
    created_at: timeOf(user.created_at),
  });
}

function nameIn(metadata = '{}'): string | undefined {
  try {
    const { full_name, name } = (JSON.parse(metadata) ?? {}) as { full_name?: unknown; name?: unknown };
    return displayNameOf(full_name ?? name);
  } catch {
    return undefined;
  }
}

/** The rows of one table in a dump of many. */
async function* dumpRows(file: string): AsyncGenerator<Positioned> {
  const stream = createReadStream(file);
  let line = 0;
  let columns: string[] | undefined;
  let isCopy = false;
  let rest = ''; // of an INSERT row that continues in the next line
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line++;
    const position = stream.bytesRead;
    if (!columns) {
      const copy = COPY.exec(text);
      const insert = INSERT.exec(text);
      columns = namesIn(copy?.[1] ?? insert?.[1]);
      isCopy = copy !== null;
      rest = insert?.[2] ?? '';
      if (!columns || isCopy) continue;
    } else if (isCopy) {
      if (text === '\\.') columns = undefined;
      else yield { line, value: recordOf(columns, text.split('\t').map(copiedValue)), position };
      continue;
    } else rest += rest ? `\n${text}` : text;
    const { rows, left, isOver } = tuplesIn(rest);
    for (const values of rows) yield { line, value: recordOf(columns, values), position };
    rest = left;
    if (isOver) columns = undefined;
  }
}

const namesIn = (list: string | undefined) => list?.split(',').map((name) => name.trim().replace(/^"|"$/g, ''));

/** NULLs are left out. */
const recordOf = (columns: string[], values: (string | undefined)[]): Record<string, string> =>
  Object.fromEntries(
    columns.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]] as [string, string]])),
  );

/** Decodes a value of COPY's text format. */
const copiedValue = (text: string): string | undefined =>
  text === '\\N' ? undefined : text.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);

/** The complete rows at the beginning of a VALUES list, the unparsed rest, and whether the statement ends. */
function tuplesIn(text: string): { rows: (string | undefined)[][]; left: string; isOver: boolean } {
  const rows: (string | undefined)[][] = [];
  let left = text;
  for (;;) {
    const [tuple] = /^\s*,?\s*\((?:[^()']|'(?:[^']|'')*')*\)/.exec(left) ?? [];
    if (!tuple) return { rows, left, isOver: /^\s*(?:ON CONFLICT[^;]*)?;/i.test(left) };
    rows.push(valuesIn(tuple));
    left = left.slice(tuple.length);
  }
}

function valuesIn(tuple: string): (string | undefined)[] {
  const values = tuple.slice(tuple.indexOf('(') + 1, -1).matchAll(/\s*(?:(E?)'((?:[^']|'')*)'[^,]*|([^,]+))/g);
  return [...values].map(([, escape, quoted, bare = '']) => {
    if (quoted === undefined) return /^\s*NULL\s*$/i.test(bare) ? undefined : bare.trim();
    const plain = quoted.replaceAll("''", "'");
    return escape ? copiedValue(plain) : plain;
  });
}

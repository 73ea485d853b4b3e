import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Actor, AuditService } from '../../audit/audit.service.js';
import { accompany, Database } from '../../database/database.js';
import { buildDto } from '../../http/validation.pipe.js';
import { storing } from '../../idempotency/idempotent.js';
import { Lists } from '../../lists/lists.js';
import { problem } from '../../problems.js';
import type { Call } from '../../request.js';
import { Passwords } from '../passwords/passwords.js';
import * as sql from './import.statements.js';
import type { ImportDto, ImportQuery, ImportResultDto } from './import.dto.js';
import { ImportRowDto } from './import-row.js';
import { freeName, nameOf } from './import-names.js';
import { invitable, type Invite, inviteRow } from './invite-rows.js';
import { failureOf, RowProblem, rowProblem, storable, summaryOf } from './import-results.js';
import type { RawRow } from './read-rows.js';

const BATCH = 500;
const ROWS_AT_ONCE = 50; // validated without letting other requests run
const MOST_PASSWORDS = 100; // each takes as long to hash as a registration

const HASH_PROBLEMS: Record<string, string> = {
  hash_not_supported: 'This hash cannot be verified here. Import the row with invite instead.',
  hash_too_costly: 'Verifying this hash would take too long or too much memory.',
};

/** A validated row, with its password hash. */
interface Prepared extends Omit<ImportRowDto, 'password' | 'hash_type' | 'id'> {
  line: number;
  /** The id in the file. */
  saidId: string | undefined;
}

interface Met {
  id: string;
  email: string | null;
  username: string;
  role: string;
  isActive: boolean;
  isDeleted: boolean;
}

/** Imports accounts from other systems, with their password hashes; no mail is sent, except for invitations. */
@Injectable()
export class UserImport {
  private invite?: Invite;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly passwords: Passwords,
    private readonly lists: Lists,
  ) {}

  /** Registers how to invite: invitations belong to a folder that this one must not import. */
  onInvite(invite: Invite): void {
    this.invite = invite;
  }

  /**
   * Imports rows; a bad one doesn't stop the others, unless `on_conflict=fail`.
   * @param isPart whether it is one part of a larger file; the caller records the end by `recordRun`
   * @throws Problem 409 `import_failed` with the results
   */
  async run(raw: Iterable<RawRow>, query: ImportQuery, call: Call, { isPart = false } = {}): Promise<ImportDto> {
    const results: ImportResultDto[] = [];
    const { rows, total } = await this.prepare(raw, results, call);
    const failedBefore = results.length;
    const invited = new Map<number, ImportResultDto>();
    const answer = await this.database
      .transaction(async (db) => {
        results.length = failedBefore; // the transaction may be run again
        const written = new Set<string>();
        const accounts = rows.filter(({ invite }) => !invite);
        for (let start = 0; start < accounts.length; start += BATCH) {
          await this.write(db, accounts.slice(start, start + BATCH), { query, results, written, call });
        }
        const invitees = await invitable(
          db,
          rows.filter(({ invite, line }) => invite && !invited.has(line)),
          results,
        );
        const mayInvite = !query.dry_run && (query.on_conflict !== 'fail' || !results.some(isFailed));
        if (mayInvite) await this.inviteAll(invitees, invited, call);
        else results.push(...invitees.map(({ line }) => ({ line, status: 'added' as const })));
        results.push(...invited.values());
        const summary = summaryOf(total, results, query);
        if (query.on_conflict === 'fail' && summary.failed > 0) throw new Undone(summary, true);
        if (query.dry_run) throw new Undone(summary, false);
        if (!isPart) await this.audit.writeIn(db, sql.IMPORTED, [summary.added, summary.updated], call);
        await accompany(db, storing(call, () => ({ answer: summary, status: 200 }))?.([]));
        return summary;
      }, 'users')
      .catch((error: unknown) => {
        if (!(error instanceof Undone)) throw error;
        if (!error.isFailure) return error.summary;
        throw problem('import_failed', { members: { ...error.summary, added: 0, updated: 0 } });
      });
    this.lists.changed('users');
    return answer;
  }

  /** Records the event of an import that came in parts, if it has changed anything. */
  async recordRun({ added, updated }: Pick<ImportDto, 'added' | 'updated'>, call: Actor): Promise<void> {
    if (added + updated) await this.audit.write(sql.IMPORTED, [added, updated], call);
  }

  /** Validates each row, and hashes plain passwords. Refused rows go to the results. */
  private async prepare(
    raw: Iterable<RawRow>,
    results: ImportResultDto[],
    call: Call,
  ): Promise<{ rows: Prepared[]; total: number }> {
    const rows: Prepared[] = [];
    let [total, passwords] = [0, 0];
    for (const { line, value, problem: broken } of raw) {
      if (++total % ROWS_AT_ONCE === 0) await setImmediate(); // for other requests
      try {
        if (broken !== undefined)
          throw typeof broken === 'string' ? problem('malformed_json', { detail: broken }) : broken;
        const { password, hash_type, id, ...sent } = buildDto(ImportRowDto, value, { from: 'body' });
        const row = storable(sent);
        if ([password !== undefined, row.password_hash !== undefined, row.invite].filter(Boolean).length > 1) {
          throw new RowProblem('one_way_in', undefined, 'A row has one of password_hash, password and invite.');
        }
        if (password !== undefined && ++passwords > MOST_PASSWORDS) {
          throw new RowProblem('too_many_passwords', '/password', `At most ${MOST_PASSWORDS} rows may have a plain password.`); // prettier-ignore
        }
        const password_hash = await this.hashOf(row, { password, hash_type }, call);
        rows.push({ ...row, line, saidId: id?.toLowerCase(), ...(password_hash !== undefined && { password_hash }) });
      } catch (error) {
        results.push(failureOf(line, error));
      }
    }
    return { rows, total };
  }

  private async hashOf(
    row: Pick<ImportRowDto, 'email' | 'username' | 'password_hash'>,
    { password, hash_type }: Pick<ImportRowDto, 'password' | 'hash_type'>,
    call: Call,
  ): Promise<string | undefined> {
    const { email, username = '', password_hash } = row;
    if (password !== undefined) {
      return this.passwords.hashNew(password, { context: { email, username }, signal: call.signal });
    }
    if (password_hash === undefined) return undefined;
    const adopted = this.passwords.hasher.adopt(password_hash, hash_type);
    if (typeof adopted === 'string') throw new RowProblem(adopted, '/password_hash', HASH_PROBLEMS[adopted] ?? adopted);
    return adopted.stored;
  }

  private async write(db: EntityManager, rows: Prepared[], { query, results, written, call }: Writing): Promise<void> {
    const values = [rows.map(({ email }) => email), rows.map(nameOf), rows.flatMap(({ saidId }) => saidId ?? [])];
    const met = await db.query<Met[]>(sql.MEET.text, values);
    const byEmail = new Map(met.filter(({ isDeleted }) => !isDeleted).map((one) => [one.email, one]));
    const byId = new Map(met.map((one) => [one.id, one]));
    const names = new Map(met.filter(({ isDeleted }) => !isDeleted).map((one) => [one.username.toLowerCase(), one.id]));
    const added: { line: number; id: string; row: object }[] = [];
    const updated: typeof added = [];
    for (const { line, saidId, ...row } of rows) {
      const known = byEmail.get(row.email) ?? (saidId === undefined ? undefined : byId.get(saidId));
      const name = row.username?.toLowerCase();
      const holder = name === undefined ? undefined : names.get(name);
      try {
        if (known?.isDeleted || (known && known.email !== row.email)) throw rowProblem('conflict', '/id');
        if (known && query.on_conflict === 'skip') results.push({ line, status: 'skipped', id: known.id });
        else if (known && query.on_conflict === 'fail') throw rowProblem('email_taken', '/email');
        else if (holder !== undefined && holder !== known?.id) throw rowProblem('username_taken', '/username');
        else if (known) {
          if (written.has(known.id)) throw rowProblem('conflict', '/email');
          assertKeepsAdmin(known, row);
          if (name !== undefined) names.set(name, known.id);
          written.add(known.id);
          updated.push({ line, id: known.id, row: { ...row, id: known.id } });
        } else {
          const id = saidId ?? uuidv7();
          const username = row.username ?? freeName(nameOf(row), names);
          names.set(username.toLowerCase(), id);
          const fresh = { id, email: row.email, username, role: row.role ?? 'user', isActive: true, isDeleted: false };
          byEmail.set(row.email, fresh);
          byId.set(id, fresh);
          written.add(id);
          added.push({ line, id, row: { ...row, id, username } });
        }
      } catch (error) {
        results.push(failureOf(line, error));
      }
    }
    await this.writeRows(db, sql.ADD, added, { status: 'added', results, call });
    await this.writeRows(db, sql.UPDATE, updated, { status: 'updated', results, call });
  }

  /** Rows that were not written conflict with a concurrent change. */
  private async writeRows(
    db: EntityManager,
    statement: typeof sql.ADD,
    rows: { line: number; id: string; row: object }[],
    { status, results, call }: { status: 'added' | 'updated'; results: ImportResultDto[]; call: Call },
  ): Promise<void> {
    if (rows.length === 0) return;
    const done = await this.audit.writeIn<{ id: string }>(
      db,
      statement,
      [JSON.stringify(rows.map(({ row }) => row))],
      call,
    );
    const ids = new Set(done.map(({ id }) => id));
    for (const { line, id } of rows) {
      results.push(ids.has(id) ? { line, status, id } : failureOf(line, rowProblem('conflict')));
    }
  }

  /** Invitations are transactions of their own: they are made last, and not again when the import's transaction is run again. */
  private async inviteAll(rows: Prepared[], invited: Map<number, ImportResultDto>, call: Call): Promise<void> {
    for (const row of rows) {
      invited.set(row.line, await inviteRow(this.invite, row, call));
    }
  }
}

interface Writing {
  query: ImportQuery;
  results: ImportResultDto[];
  /** Accounts that earlier rows of the file were about. */
  written: Set<string>;
  call: Call;
}

const isFailed = ({ status }: ImportResultDto) => status === 'failed';

/** Thrown to roll back the transaction. */
class Undone extends Error {
  constructor(
    readonly summary: ImportDto,
    readonly isFailure: boolean,
  ) {
    super('undone');
  }
}

/** An import never takes rights from an admin, as it might be the last one. */
function assertKeepsAdmin(known: Met, { role, is_active }: Pick<ImportRowDto, 'role' | 'is_active'>): void {
  if (known.role !== 'admin') return;
  if (role === 'user') throw rowProblem('forbidden', '/role');
  if (is_active === false) throw rowProblem('forbidden', '/is_active');
}

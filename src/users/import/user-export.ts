import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { Call, Origin } from '../../request.js';
import { OF_MANY } from '../passwords/passwords.statements.js';

const BATCH = 500;

const PAGE = statement(
  'users.export',
  `SELECT id, jsonb_build_object('id', id, 'email', email, 'username', username, 'display_name', display_name, 'role', role,
     'is_active', is_active, 'email_verified', email_verified_at IS NOT NULL, 'locale', locale,
     'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS account
   FROM users WHERE deleted_at IS NULL AND kind = 'person' AND id > $1 ORDER BY id LIMIT ${BATCH}`,
);

/** Exports all accounts of people, in the form that an import reads. */
@Injectable()
export class UserExport {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
  ) {}

  /** A stream of the export; the event is recorded first. */
  async file(call: Call): Promise<StreamableFile> {
    await this.audit.record({ action: 'exported', actorId: call.me.id, details: { what: 'users' } }, call);
    return new StreamableFile(Readable.from(this.lines()), {
      type: 'application/x-ndjson; charset=utf-8',
      disposition: 'attachment; filename="users.ndjson"',
    });
  }

  /** The same for the command line, optionally with password hashes. The event is recorded first. */
  async *write({ withHashes }: { withHashes: boolean }, call: Origin): AsyncGenerator<string> {
    const what = withHashes ? 'users with hashes' : 'users';
    await this.audit.record({ action: 'exported', details: { what } }, call);
    yield* this.lines(withHashes);
  }

  private async *lines(withHashes = false): AsyncGenerator<string> {
    let after: string | undefined = '00000000-0000-0000-0000-000000000000';
    while (after !== undefined) {
      const rows: { id: string; account: object }[] = await this.database.read(PAGE, [after]);
      const hashes = withHashes ? await this.hashesOf(rows.map(({ id }) => id)) : undefined;
      const lines = rows.map(({ id, account }) => ({ ...account, password_hash: hashes?.get(id) })); // JSON omits undefined
      if (lines.length) yield lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      after = rows.length === BATCH ? rows.at(-1)?.id : undefined;
    }
  }

  private async hashesOf(ids: string[]): Promise<Map<string, string>> {
    const rows = await this.database.read<{ id: string; hash: string }>(OF_MANY, [ids]);
    return new Map(rows.map(({ id, hash }) => [id, hash]));
  }
}

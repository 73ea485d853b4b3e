import { Controller, Get, Header, HttpCode, Post, Query, Req, StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { BULK_LIMIT } from '../../http/bodies.js';
import { Idempotent } from '../../idempotency/idempotent.js';
import { malformedRequest } from '../../problems.js';
import { Fresh, Roles, Scoped } from '../../access.js';
import { Call } from '../../request.js';
import { type ImportDto, ImportQuery } from './import.dto.js';
import { readCsv, readNdjson } from './read-rows.js';
import { UserExport } from './user-export.js';
import { UserImport } from './user-import.js';

/** Import and export of accounts. */
@Controller('api/users')
@Scoped('users')
@Roles('admin')
export class ImportController {
  constructor(
    private readonly imports: UserImport,
    private readonly exports: UserExport,
  ) {}

  /**
   * Imports accounts from another system, with their password hashes: NDJSON or CSV, 5 MiB and 10,000 rows at most. A bad
   * row doesn't stop the others, unless `on_conflict=fail`. No mail is sent, except for rows with `invite`.
   * @throws import_failed, import_too_large, unsupported_media_type, malformed_json
   */
  @Post('import')
  @Fresh({ ifMfa: true }) // as it gives roles and passwords
  @Idempotent()
  @HttpCode(200)
  @RouteConfig({ bulkLimit: BULK_LIMIT })
  importUsers(@Req() request: FastifyRequest, @Query() query: ImportQuery, @Call() call: Call): Promise<ImportDto> {
    const { body, headers } = request;
    if (!Buffer.isBuffer(body)) throw malformedRequest('The body is missing.');
    const read = headers['content-type']?.toLowerCase().startsWith('text/csv') ? readCsv : readNdjson;
    return this.imports.run(read(body.toString('utf8')), query, call);
  }

  /** Exports all accounts as NDJSON, in the form that the import reads; without password hashes. */
  @Get('export')
  @Fresh({ ifMfa: true })
  @Header('content-type', 'application/x-ndjson; charset=utf-8')
  exportAllUsers(@Call() call: Call): Promise<StreamableFile> {
    return this.exports.file(call);
  }
}

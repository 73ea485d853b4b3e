import { Body, Controller, Get, Header, HttpCode, Post, type StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Id } from '../../http/fields.js';
import { Fresh, Roles } from '../../access.js';
import { Call, type Principal } from '../../request.js';
import { DataExport } from './data-export.js';
import { ExportOwnDataDto } from './personal-data.dto.js';

/** Personal data, for the person that it is about (GDPR, articles 15 and 20). */
@Controller('api')
export class DataExportController {
  constructor(private readonly exports: DataExport) {}

  /**
   * Exports all data that is stored about oneself, as one JSON file: three times a day. Accounts without a password need a
   * fresh sign-in instead.
   * @throws wrong_password, too_many_requests
   * @answers 200 PersonalDataDto
   */
  @Post('auth/export')
  @Fresh({ when: hasOtherProof })
  @HttpCode(200)
  @Header('content-type', 'application/json; charset=utf-8')
  exportOwnData(@Body() { current_password }: ExportOwnDataDto, @Call() call: Call): Promise<StreamableFile> {
    return this.exports.own(current_password, call);
  }

  /**
   * Exports all data that is stored about a user, as an admin; without tasks, which are private.
   * @answers 200 PersonalDataDto
   */
  @Get('users/:id/export')
  @Fresh({ ifMfa: true })
  @Roles('admin')
  @Header('content-type', 'application/json; charset=utf-8')
  exportDataOf(@Id() id: string, @Call() call: Call): Promise<StreamableFile> {
    return this.exports.of(id, call);
  }
}

/** Whether a fresh sign-in is needed: with a second factor always, else only without a password. */
function hasOtherProof({ body }: FastifyRequest, me: Principal): boolean {
  return me.mfaEnabled || ((body ?? {}) as Partial<ExportOwnDataDto>).current_password === undefined;
}

import { Body, Controller, Get, Header, HttpCode, Post, type StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Id } from '../../http/fields.js';
import { Fresh, Roles } from '../../access.js';
import { Call, type Principal } from '../../request.js';
import { DataExport } from './data-export.js';
import { ExportOwnDataDto } from './personal-data.dto.js';

/** All that is kept of a person, for them to have (GDPR, articles 15 and 20). */
@Controller('api')
export class DataExportController {
  constructor(private readonly exports: DataExport) {}

  /**
   * Exports all that is kept of oneself, as one JSON file: three times a day. Accounts without a password show a fresh
   * sign-in in its place.
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
   * Exports all that is kept of a user, to an admin, without tasks, which are private.
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

/** Who has a second factor shows it as well; who shows no password must have signed in just now. */
function hasOtherProof({ body }: FastifyRequest, me: Principal): boolean {
  return me.mfaEnabled || ((body ?? {}) as Partial<ExportOwnDataDto>).current_password === undefined;
}

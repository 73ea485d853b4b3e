import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Fresh, Roles, Scoped } from '../access.js';
import { Call, type Principal } from '../request.js';
import { BulkDto, type BulkResultsDto } from './bulk.dto.js';
import { BulkService } from './bulk.service.js';

/** Actions on many users. */
@Controller('api/users')
@Roles('admin')
@Scoped('users')
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  /** Runs an action on up to 100 users, as an admin. Each result has the status that a request for that user alone would have. */
  @Post('bulk')
  @Fresh({ ifMfa: true, when: deletesOneself })
  @HttpCode(200)
  changeUsers(@Body() dto: BulkDto, @Call() call: Call): Promise<BulkResultsDto> {
    return this.bulk.run(dto, call);
  }
}

/** Whether the caller deletes themselves, which needs a fresh sign-in as it does alone. */
function deletesOneself({ body }: FastifyRequest, me: Principal): boolean {
  const { ids, action } = (body ?? {}) as { ids?: unknown; action?: unknown };
  const isAmong = Array.isArray(ids) && ids.some((id) => typeof id === 'string' && id.toLowerCase() === me.id);
  return action === 'delete' && isAmong;
}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Call, Roles, Scoped } from '../request.js';
import { BulkDto, type BulkResultsDto } from './bulk.dto.js';
import { BulkService } from './bulk.service.js';

/** Many users at once. */
@Controller('api/users')
@Roles('admin')
@Scoped('users')
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  /** Does one thing to up to 100 users, as an admin. Each result says what the request for that one alone would have. */
  @Post('bulk')
  @HttpCode(200)
  changeUsers(@Body() dto: BulkDto, @Call() call: Call): Promise<BulkResultsDto> {
    return this.bulk.run(dto, call);
  }
}

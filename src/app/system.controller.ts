import { Controller, Get } from '@nestjs/common';
import { Roles } from '../access.js';
import type { SystemDto } from './system.dto.js';
import { SystemService } from './system.service.js';

/** The server itself. */
@Controller('api/system')
@Roles('admin')
export class SystemController {
  constructor(private readonly system: SystemService) {}

  /** Describes how the server is set up, to an admin: versions, settings without secrets, and what the doctor says. */
  @Get()
  getSystem(): Promise<SystemDto> {
    return this.system.describe();
  }
}

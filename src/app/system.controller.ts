import { Controller, Get } from '@nestjs/common';
import { Roles } from '../access.js';
import type { SystemDto } from './system.dto.js';
import { SystemService } from './system.service.js';

/** Information about the server. */
@Controller('api/system')
@Roles('admin')
export class SystemController {
  constructor(private readonly system: SystemService) {}

  /** Shows how the server is set up, to an admin: versions, settings without secrets, and findings of the doctor. */
  @Get()
  getSystem(): Promise<SystemDto> {
    return this.system.describe();
  }
}

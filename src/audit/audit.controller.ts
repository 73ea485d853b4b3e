import { Controller, Get, Query } from '@nestjs/common';
import { Call, Roles } from '../request.js';
import type { Page } from '../lists/pages.js';
import { type EventDto, EventsQuery, OwnEventsQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';

/** Security events: who did what, when, from where. */
@Controller()
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  /** Lists the security events of everybody, newest first. */
  @Get('audit-events')
  @Roles('admin')
  listAuditEvents(@Query() query: EventsQuery): Promise<Page<EventDto>> {
    return this.audit.list(query);
  }

  /** Lists one's own security events, newest first. */
  @Get('auth/events')
  listOwnEvents(@Query() query: OwnEventsQuery, @Call() call: Call): Promise<Page<EventDto>> {
    return this.audit.listOwn(query, call);
  }
}

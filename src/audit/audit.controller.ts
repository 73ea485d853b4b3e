import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { csvFile, type CsvColumn } from '../http/csv.js';
import type { Page } from '../lists/pages.js';
import { Fresh, Roles, Scoped } from '../access.js';
import { Call } from '../request.js';
import { type EventDto, EventsQuery, OwnEventsQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';

/** Security events: who did what, when, from where. */
@Controller('api')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  /** Lists the security events of all users, newest first. */
  @Get('audit-events')
  @Scoped('audit')
  @Roles('admin')
  listAuditEvents(@Query() query: EventsQuery): Promise<Page<EventDto>> {
    return this.audit.list(query);
  }

  /** Exports the security events of a list as CSV; paging parameters are ignored. */
  @Get('audit-events.csv')
  @Fresh({ ifMfa: true })
  @Scoped('audit')
  @Roles('admin')
  @Header('content-type', 'text/csv; charset=utf-8')
  async exportAuditEvents(@Query() query: EventsQuery, @Call() call: Call): Promise<StreamableFile> {
    await this.audit.record({ action: 'exported', actorId: call.me.id, details: { what: 'audit_events' } }, call);
    return csvFile('audit-events.csv', COLUMNS, this.audit.walk(query));
  }

  /** Lists one's own security events, newest first. */
  @Get('auth/events')
  listOwnEvents(@Query() query: OwnEventsQuery, @Call() call: Call): Promise<Page<EventDto>> {
    return this.audit.listOwn(query, call);
  }
}

const COLUMNS: CsvColumn<EventDto>[] = [
  ['id', ({ id }) => id],
  ['at', ({ at }) => at],
  ['action', ({ action }) => action],
  ['outcome', ({ outcome }) => outcome],
  ['user_id', ({ user_id }) => user_id],
  ['user', ({ user }) => user?.username],
  ['actor_id', ({ actor_id }) => actor_id],
  ['actor', ({ actor }) => actor?.username],
  ['ip', ({ ip }) => ip],
  ['user_agent', ({ user_agent }) => user_agent],
  ['request_id', ({ request_id }) => request_id],
  ['details', ({ details }) => JSON.stringify(details)],
];

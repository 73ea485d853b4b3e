import { Injectable } from '@nestjs/common';
import { SessionsService } from '../auth/sessions/sessions.service.js';
import { Problem } from '../problems.js';
import type { Call } from '../request.js';
import { UsersService } from '../users/users.service.js';
import type { BulkAction, BulkDto, BulkResultDto, BulkResultsDto } from './bulk.dto.js';

/** Runs an action on many users, one after the other and independently, so that a failure doesn't stop the others. */
@Injectable()
export class BulkService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
  ) {}

  async run({ ids, action, reason }: BulkDto, call: Call): Promise<BulkResultsDto> {
    const results: BulkResultDto[] = [];
    for (const id of ids) results.push(await this.one(id, { action, reason }, call));
    return { results };
  }

  private async one(
    id: string,
    { action, reason }: Pick<BulkDto, 'action' | 'reason'>,
    call: Call,
  ): Promise<BulkResultDto> {
    try {
      await this.act(id, action, reason, call);
      return { id, status: NO_CONTENT.has(action) ? 204 : 200 };
    } catch (error) {
      if (error instanceof Problem && error.status < 500) return { id, status: error.status, code: error.code };
      throw error;
    }
  }

  private act(id: string, action: BulkAction, reason: string | undefined, call: Call): Promise<unknown> {
    switch (action) {
      case 'deactivate':
        return this.users.update(id, { is_active: false, reason }, call);
      case 'activate':
        return this.users.update(id, { is_active: true }, call);
      case 'delete':
        return this.users.delete(id, call, reason);
      case 'restore':
        return this.users.restore(id, call);
      case 'end_sessions':
        return this.sessions.endSessionsOf(id, call);
      default:
        return action satisfies never;
    }
  }
}

const NO_CONTENT = new Set<BulkAction>(['delete', 'end_sessions']);

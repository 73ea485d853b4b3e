import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit, StreamableFile } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import { ThrottleSettings } from '../../config/throttle-settings.js';
import type { Call } from '../../request.js';
import { budget, type Policy } from '../../throttle/policy.js';
import { Throttle } from '../../throttle/throttle.js';
import { Passwords } from '../passwords/passwords.js';
import { UserLookups } from '../user-lookups.js';
import { toAdminUserDto, toUserDto, type UserDto } from '../users.dto.js';
import { type DataSection, PersonalData, timeAs } from './personal-data.js';

/** Streams all data that is stored about a user as one JSON file. */
@Injectable()
export class DataExport implements OnModuleInit {
  private readonly ofDay: Policy;

  constructor(
    private readonly data: PersonalData,
    private readonly users: UserLookups,
    private readonly passwords: Passwords,
    private readonly audit: AuditService,
    private readonly throttle: Throttle,
    { limits }: ThrottleSettings,
  ) {
    this.ofDay = throttle.policy('export', limits.exports);
  }

  onModuleInit(): void {
    this.data.register({
      name: 'events',
      tables: ['audit_events'],
      rows: (userId) => this.audit.walkOwn(userId),
    });
    this.data.registerRows({ name: 'mails', tables: ['outbox'], rows: MAILS });
    this.data.registerRows({ name: 'email_changes', tables: ['mail_challenges'], rows: EMAIL_CHANGES });
  }

  /** The caller's own data. Only successful exports count against the limit. @throws Problem 403 `wrong_password`, 422, 429 */
  own(password: string | undefined, call: Call): Promise<StreamableFile> {
    const attempt = { budgets: [budget(this.ofDay, [call.me.id])], account: call.me.id };
    return this.throttle.run(attempt, call, async () => {
      if (password !== undefined || (await this.passwords.has(call.me.id))) {
        await this.passwords.confirm(password, call);
      }
      const user = await this.users.getRow(call.me.id);
      return this.file(toUserDto(user), this.data.sections, call);
    });
  }

  /** A user's data, for an admin: without sections that are private. @throws Problem 404 */
  async of(userId: string, call: Call): Promise<StreamableFile> {
    const user = await this.users.getRow(userId);
    const sections = this.data.sections.filter(({ isPrivate }) => !isPrivate);
    return this.file(toAdminUserDto(user), sections, call);
  }

  /** The event is recorded before the file is written. */
  private async file(user: UserDto, sections: readonly DataSection[], call: Call): Promise<StreamableFile> {
    const event = { actorId: call.me.id, userId: user.id, details: { what: 'personal_data' } };
    await this.audit.record({ action: 'exported', ...event }, call);
    return new StreamableFile(Readable.from(textOf(user, sections)), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="personal-data.json"',
    });
  }
}

async function* textOf(user: UserDto, sections: readonly DataSection[]): AsyncGenerator<string> {
  yield `{"exported_at":${JSON.stringify(new Date())},"user":${JSON.stringify(user)}`;
  for (const { name, rows } of sections) {
    yield `,${JSON.stringify(name)}:[`;
    yield* itemsOf(rows(user.id));
    yield ']';
  }
  yield '}\n';
}

async function* itemsOf(batches: AsyncIterable<object[]>): AsyncGenerator<string> {
  let separator = '';
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    yield separator + rows.map((row) => JSON.stringify(row)).join(',');
    separator = ',';
  }
}

/** The text of a mail isn't stored, and the words in it are deleted once it has been sent. */
const MAILS = {
  shown: `jsonb_build_object('kind', kind, 'to', recipient, ${timeAs('when', 'created_at')})`,
  from: 'outbox',
  where: `user_id = $ AND channel = 'mail'`,
  isByCreation: true,
};

const EMAIL_CHANGES = {
  shown: `jsonb_build_object('id', id, 'kind', purpose, 'email', email, ${timeAs('created_at')}, ${timeAs('expires_at')},
    ${timeAs('used_at')}, ${timeAs('cancelled_at')})`,
  from: 'mail_challenges',
  where: `user_id = $ AND purpose IN ('change', 'revert')`,
};

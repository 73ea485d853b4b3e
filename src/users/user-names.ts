import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

interface Named {
  id: string;
  username: string;
  display_name: string | null;
}

const NAMES = statement('users.names', `SELECT id, username, display_name FROM users WHERE id = ANY ($1::uuid[])`);

/** Adds the names of users to security events: for a whole page in one query. */
@Injectable()
export class UserNames implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
  ) {}

  onModuleInit(): void {
    this.audit.namePeopleBy((ids) => this.database.read<Named>(NAMES, [ids]));
  }
}

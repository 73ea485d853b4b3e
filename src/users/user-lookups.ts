import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import { notFound } from '../problems.js';
import { normalizeEmail } from './emails.js';
import type { AccountRow, UserRow } from './users.dto.js';
import * as sql from './users.statements.js';

/** Finds users for internal use: permissions aren't checked here. */
@Injectable()
export class UserLookups {
  constructor(private readonly database: Database) {}

  /** The user with this id, inactive and deleted ones too, or null. */
  findById(id: string): Promise<AccountRow | null> {
    return this.findOne(sql.FIND_BY_ID, id);
  }

  /** The user with this e-mail address in any spelling, or null. */
  findByEmail(email: string): Promise<AccountRow | null> {
    return this.findOne(sql.FIND_BY_EMAIL, normalizeEmail(email));
  }

  /** The user with this username in any case, or null. */
  findByUsername(username: string): Promise<AccountRow | null> {
    return this.findOne(sql.FIND_BY_USERNAME, username.trim());
  }

  /** The user with this id and with the pending address. @throws Problem 404 */
  async getRow(id: string): Promise<UserRow> {
    const user = await this.findShown(id);
    if (!user) throw notFound('user');
    return user;
  }

  /** As `getRow`, or null. */
  findShown(id: string): Promise<UserRow | null> {
    return this.findOne<UserRow>(sql.BY_ID, id);
  }

  /** The id of the account deleted last that had this e-mail address or username, if there is one. */
  async findDeletedId(identifier: string): Promise<string | undefined> {
    const email = normalizeEmail(identifier);
    const [statement, key] = email ? [sql.DELETED_BY_EMAIL, email] : [sql.DELETED_BY_USERNAME, identifier.trim()];
    const [deleted] = await this.database.lookUp<{ id: string }>(statement, [key]);
    return deleted?.id;
  }

  /** The row that a statement finds by a key, or null. */
  async findOne<Row extends object = AccountRow>(statement: Statement, key: string | null): Promise<Row | null> {
    const [user] = await this.database.lookUp<Row>(statement, [key]);
    return user ?? null;
  }
}

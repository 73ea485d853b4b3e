import { Injectable } from '@nestjs/common';

/**
 * Events of an account that end other ways to sign in: a reset by mail; a reset while the address had never been verified,
 * so that somebody else may have created the account; a deletion.
 */
export type Ending = 'reset' | 'reclaim' | 'deletion';

/** Tables of other modules whose rows can sign in to an account. Each module registers its own. */
@Injectable()
export class CredentialTables {
  private readonly tables = new Map<string, readonly Ending[]>();

  /**
   * Has an account's rows deleted, in the same statement, when one of these events happens.
   * @param table has a column `user_id`; call it in a module's constructor or `onModuleInit`
   */
  register(table: string, endings: readonly Ending[]): void {
    this.tables.set(table, endings);
  }

  /** CTEs that delete the rows of the accounts in `from`. */
  deletions(ending: Ending, { from, where = 'true' }: { from: string; where?: string }): string[] {
    const tables = [...this.tables].filter(([, endings]) => endings.includes(ending)).map(([table]) => table);
    return tables.map(
      (table) =>
        `ended_${ending}_${table} AS (DELETE FROM ${table} t USING ${from} a WHERE t.user_id = a.id AND ${where})`,
    );
  }
}

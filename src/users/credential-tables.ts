import { Injectable } from '@nestjs/common';

/**
 * What can happen to an account so that other ways into it must end: its password was reset by mail; it was reset while
 * the address had never been verified, so that whoever made the account may be somebody else; it was deleted.
 */
export type Ending = 'reset' | 'reclaim' | 'deletion';

/** Tables of other features whose rows open an account. Each names itself when its module starts. */
@Injectable()
export class CredentialTables {
  private readonly tables = new Map<string, readonly Ending[]>();

  /**
   * Has the rows of an account removed, in the very statement, when one of these happens to it.
   * @param table has a column `user_id`; call it in a module's constructor or `onModuleInit`
   */
  register(table: string, endings: readonly Ending[]): void {
    this.tables.set(table, endings);
  }

  /** CTEs that remove the rows of the accounts in `from`. */
  deletions(ending: Ending, { from, where = 'true' }: { from: string; where?: string }): string[] {
    const tables = [...this.tables].filter(([, endings]) => endings.includes(ending)).map(([table]) => table);
    return tables.map(
      (table) =>
        `ended_${ending}_${table} AS (DELETE FROM ${table} t USING ${from} a WHERE t.user_id = a.id AND ${where})`,
    );
  }
}

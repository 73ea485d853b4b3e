import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * The ways to sign in to an account: its password, and what other modules register here. The last one must not be removed.
 */
@Injectable()
export class WaysIn {
  private readonly conditions = ['u.password_hash IS NOT NULL'];

  /**
   * Registers a way to sign in.
   * @param condition SQL: whether user `u` has one, other than the one whose id is `$2`
   */
  register(condition: string): void {
    this.conditions.push(condition);
  }

  /** Whether an account keeps a way to sign in without this one. In the transaction that has locked the user's row. */
  async remain(db: EntityManager, userId: string, without: string): Promise<boolean> {
    const conditions = this.conditions.map((condition) => `(${condition})`).join(' OR ');
    const text = `SELECT ${conditions} AS remain FROM users u WHERE u.id = $1 AND $2::uuid IS NOT NULL`;
    const [row] = await db.query<{ remain: boolean }[]>(text, [userId, without]);
    return row?.remain ?? false;
  }
}

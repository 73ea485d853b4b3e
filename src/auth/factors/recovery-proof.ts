import { Injectable } from '@nestjs/common';
import { statement } from '../../database/statement.js';
import { Mails } from '../../mail/mails.js';
import type { Origin } from '../../request.js';
import type { Proof } from '../sessions/proof.js';

const FEW = 3;

/** When a recovery code of this user was used; no row if the code doesn't exist. */
export const FIND_RECOVERY_CODE = statement(
  'factors.find_recovery_code',
  `SELECT used_at AS "usedAt" FROM recovery_codes WHERE user_id = $1 AND hash = $2`,
);

/** How many codes will be left: the statement's snapshot still sees the one that it consumes as unused. */
const LEFT = `(SELECT count(*)::int - 1 FROM recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL)`;

/** Consumes recovery codes and mails their owner. */
@Injectable()
export class RecoveryProofs {
  constructor(private readonly mails: Mails) {}

  /** The proof that consumes a recovery code. @param hash as stored */
  of(hash: Buffer, from: Origin): Proof {
    return {
      name: 'recovery',
      sql: (n) => `UPDATE recovery_codes c SET used_at = now() FROM u
        WHERE c.user_id = u.id AND c.hash = $${n} AND c.used_at IS NULL RETURNING NULL::uuid AS device_id`,
      values: [hash, JSON.stringify(this.mails.originWords(from))],
      also: (n) => [
        `used_mail AS (${this.mail('recovery_code_used', n + 1)})`,
        `low_mail AS (${this.mail('recovery_codes_low', n + 1, `${LEFT} = ${FEW}`)})`,
      ],
      events: [{ action: 'recovery_code_used' }],
    };
  }

  private mail(kind: 'recovery_code_used' | 'recovery_codes_low', words: number, when = 'true'): string {
    return this.mails.insert(kind, {
      from: 'u',
      to: 'u.email',
      userId: 'u.id',
      locale: 'u.locale',
      data: `$${words}::jsonb || jsonb_build_object('username', u.username, 'left', ${LEFT})`,
      where: `EXISTS (SELECT FROM change) AND ${when}`,
    });
  }
}

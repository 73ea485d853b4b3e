import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database, statement } from '../../database/database.js';
import { Mails } from '../../mail/mails.js';
import { coarseNetwork, deviceOf } from '../../mail/origin.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import type { Origin } from '../../request.js';

const KNOWN_FOR = `interval '90 days'`;
/** Notices of new devices in a day. */
const MOST_NOTICES = 5;

/** A network and a family of browsers, as digests that only tell whether they were seen for this account; null for unknown. */
export function deviceDigests(
  userId: string,
  { ip, userAgent }: Pick<Origin, 'ip' | 'userAgent'>,
): [Buffer | null, Buffer | null] {
  const { browser, system } = deviceOf(userAgent);
  const family = (browser ?? system) ? `${browser} on ${system}` : userAgent?.split(/[\s/]/)[0];
  return [digest(userId, coarseNetwork(ip)), digest(userId, family)];
}

const digest = (userId: string, text: string | undefined) =>
  text ? createHash('sha256').update(`${userId}|${text}`).digest().subarray(0, 16) : null;

/** Remembers the device of the accounts in `from`. The CTE is `remembered`; parameters are digests of `deviceDigests`. */
export const remembering = ({
  from,
  userId,
  network,
  agent,
}: {
  from: string;
  userId: string;
  network: string;
  agent: string;
}) =>
  `remembered AS (
     INSERT INTO known_devices AS k (user_id, kind, digest)
     SELECT a.${userId}, d.kind, d.digest FROM ${from} a, (VALUES ('network', ${network}::bytea), ('agent', ${agent}::bytea)) AS d (kind, digest)
     WHERE d.digest IS NOT NULL AND a.${userId} IS NOT NULL
     ON CONFLICT (user_id, kind, digest) DO UPDATE SET seen_at = now() WHERE k.seen_at < now() - interval '1 day')`;

/** The newest of an account stays: who comes back after a year is known to have signed in before. */
const PURGE = statement(
  'known_devices.purge',
  `DELETE FROM known_devices WHERE ctid = ANY (ARRAY(
     SELECT k.ctid FROM known_devices k WHERE k.seen_at < now() - ${KNOWN_FOR} AND EXISTS (
       SELECT FROM known_devices n WHERE n.user_id = k.user_id AND n.seen_at > k.seen_at)
     LIMIT 1000 FOR UPDATE SKIP LOCKED))
   RETURNING user_id`,
);

/** The devices that people sign in from: a new one is worth a notice to who has the account. */
@Injectable()
export class KnownDevices implements OnModuleInit {
  private readonly log = new Logger('KnownDevices');

  private readonly signedInStatement = statement(
    'known_devices.signed_in',
    `WITH account AS (SELECT id, username, email, locale, email_verified_at FROM users WHERE id = $1),
     ${remembering({ from: 'account', userId: 'id', network: '$2', agent: '$3' })},
     mail AS (${this.mails.insert('new_sign_in', {
       from: 'account',
       to: 'email',
       userId: 'id',
       locale: 'locale',
       data: `$4::jsonb || jsonb_build_object('username', username)`,
       where: `email_verified_at IS NOT NULL
         AND EXISTS (SELECT FROM known_devices k WHERE k.user_id = $1)
         AND NOT EXISTS (SELECT FROM known_devices k WHERE k.user_id = $1 AND k.seen_at > now() - ${KNOWN_FOR}
           AND (k.kind = 'network' AND k.digest = $2 OR k.kind = 'agent' AND k.digest = $3))
         AND ${this.mails.countOfDay('new_sign_in', '$1')} < ${MOST_NOTICES}`,
     })})
     SELECT id FROM account`,
  );

  constructor(
    private readonly database: Database,
    private readonly mails: Mails,
    private readonly settings: Settings,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('known_devices', () => this.purge()));
  }

  /**
   * Tells who has a verified account of a sign-in from a device that is new, by its network and by its browser; not of the
   * first one ever, which nothing can be compared with. Never fails.
   */
  async signedIn(userId: string, origin: Origin): Promise<void> {
    if (!this.settings.accounts.signInNotices || !this.mails.isConfigured) return;
    const words = JSON.stringify(this.mails.originWords(origin));
    try {
      await this.database.write(this.signedInStatement, [userId, ...deviceDigests(userId, origin), words]);
      this.mails.wake();
    } catch (error) {
      // the session is there already, and the device as new at the next sign-in
      this.log.warn({ event: 'sign_in_notice_failed', user_id: userId, reason: (error as Error).message });
    }
  }

  /** Forgets devices that were not seen for 90 days, a thousand at most. Returns how many it forgot. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [])).length;
  }
}

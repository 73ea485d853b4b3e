import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountSettings } from '../../config/account-settings.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { Mails } from '../../mail/mails.js';
import { coarseNetwork, deviceOf } from '../../mail/origin.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import type { Origin } from '../../request.js';

const KNOWN_FOR = `interval '90 days'`;
/** Most notices of new devices in a day, per account. */
const MOST_NOTICES = 5;

/** Digests of network and browser family, keyed by the account; null for unknown. */
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

/** Stores the device of the accounts in `from`. The CTE is `remembered`; parameters are digests of `deviceDigests`. */
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

/** The newest row of an account is kept, so that a sign-in after a year isn't mistaken for the first one. */
const PURGE = statement(
  'known_devices.purge',
  `DELETE FROM known_devices WHERE ctid = ANY (ARRAY(
     SELECT k.ctid FROM known_devices k WHERE k.seen_at < now() - ${KNOWN_FOR} AND EXISTS (
       SELECT FROM known_devices n WHERE n.user_id = k.user_id AND n.seen_at > k.seen_at)
     LIMIT 1000 FOR UPDATE SKIP LOCKED))
   RETURNING user_id`,
);

/** Networks and browsers that people sign in from: a new one is reported to the account's owner. */
@Injectable()
export class KnownDevices implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly mails: Mails,
    private readonly settings: AccountSettings,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('known_devices', () => this.purge()));
  }

  /**
   * CTEs for the statement that starts a session: stores the device, and mails the owner when network or browser are new;
   * not at the first sign-in, which has nothing to compare with, and only to verified addresses.
   * @param from the CTE of the account: `id`, `username`, `email`, `locale`, `email_verified_at`
   * @param first the number of the first of its three parameters, `values`
   */
  onSignIn(from: string, first: number): string[] {
    const [network, agent, words] = [`$${first}::bytea`, `$${first + 1}::bytea`, `$${first + 2}::jsonb`];
    const device = `device AS (SELECT ${network} AS network, ${agent} AS agent, ${words} AS words)`; // casts: a parameter needs a type even where it isn't used
    if (!this.settings.signInNotices || !this.mails.isConfigured) return [device];
    const known = `SELECT FROM known_devices k WHERE k.user_id = account.id`;
    const mail = this.mails.insert('new_sign_in', {
      from: `${from} account`,
      to: 'email',
      userId: 'id',
      locale: 'locale',
      data: `${words} || jsonb_build_object('username', username)`,
      where: `email_verified_at IS NOT NULL AND EXISTS (${known})
        AND NOT EXISTS (${known} AND k.seen_at > now() - ${KNOWN_FOR}
          AND (k.kind = 'network' AND k.digest = ${network} OR k.kind = 'agent' AND k.digest = ${agent}))
        AND ${this.mails.countOfDay('new_sign_in', 'account.id')} < ${MOST_NOTICES}`,
    });
    return [device, remembering({ from, userId: 'id', network, agent }), `new_sign_in AS (${mail})`];
  }

  /** The parameters of `onSignIn`. */
  valuesOf(userId: string, origin: Origin): unknown[] {
    return [...deviceDigests(userId, origin), JSON.stringify(this.mails.originWords(origin))];
  }

  /** Deletes devices that were not seen for 90 days, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [])).length;
  }
}

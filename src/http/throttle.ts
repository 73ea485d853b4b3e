import { createHash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable, Logger, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { days, hours, minutes } from '../config/durations.js';
import { Settings } from '../config/settings.js';
import { Database, statement } from '../database/database.js';
import { tooManyRequests } from '../errors.js';
import { networkOf } from './networks.js';

/** So many attempts in a window (milliseconds) that opens with the first of them. */
export interface Limit {
  readonly name: string;
  readonly points: number;
  readonly window: number;
}

const REGISTRATIONS: Limit = { name: 'register', points: 30, window: hours(1) };
const REFRESHES: Limit = { name: 'refresh', points: 150, window: minutes(5) };
const GUESSES_FROM_NETWORK: Limit = { name: 'guess:network', points: 50, window: minutes(5) };
const GUESSES_AT_ACCOUNT: Limit = { name: 'guess:account', points: 100, window: minutes(15) };
const GUESSES_AT_ACCOUNT_FROM_NETWORK: Limit = { name: 'guess', points: 5, window: minutes(15) };
const FAMILIAR = 'familiar';
const FAMILIAR_FOR = days(30);

/** A limit and whom it counts. */
interface Budget {
  key: string;
  limit: Limit;
}

// rows in the order of their keys, so that two requests can't wait for each other
const RESERVE = statement(
  'throttle.reserve',
  `INSERT INTO throttle_counters AS c (key, hits, resets_at)
   SELECT key, 1, now() + milliseconds * interval '1 millisecond'
   FROM unnest($1::text[], $2::bigint[]) AS budget (key, milliseconds) ORDER BY key
   ON CONFLICT (key) DO UPDATE SET
     hits = CASE WHEN c.resets_at <= now() THEN 1 ELSE c.hits + 1 END,
     resets_at = CASE WHEN c.resets_at <= now() THEN excluded.resets_at ELSE c.resets_at END
   RETURNING key, hits, extract(epoch FROM resets_at - now())::float8 AS seconds`,
);
const GIVE_BACK = statement(
  'throttle.give_back',
  `UPDATE throttle_counters c SET hits = c.hits - 1
   FROM (SELECT key FROM throttle_counters WHERE key = ANY ($1) ORDER BY key FOR UPDATE) mine
   WHERE c.key = mine.key AND c.hits > 0`,
);
const REMEMBER = statement(
  'throttle.remember',
  `INSERT INTO throttle_counters (key, hits, resets_at)
   VALUES ($1, 0, now() + $2::bigint * interval '1 millisecond')
   ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at`,
);
const IS_KNOWN = statement('throttle.is_known', `SELECT key FROM throttle_counters WHERE key = $1 AND resets_at > now()`);
const FORGET = statement(
  'throttle.forget',
  `DELETE FROM throttle_counters c USING unnest($1::text[]) AS prefix WHERE starts_with(c.key, prefix)`,
);
const SUCCEED = statement('throttle.succeed', `DELETE FROM throttle_counters WHERE key = $1`);
const PURGE = statement(
  'throttle.purge',
  `DELETE FROM throttle_counters WHERE key IN (
     SELECT key FROM throttle_counters WHERE resets_at < now() LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING key`,
);

/**
 * Counts attempts in PostgreSQL, so that replicas share the count. An attempt is reserved before the work is done, so
 * that fifty at once can't pass a limit of five; it slows guessers down and never locks anybody out for good.
 */
@Injectable()
export class Throttle {
  private readonly log = new Logger('Security');

  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Counts one more of something from the network behind this address. @throws Problem 429 when it is too many */
  async count(limit: Limit, ip: string): Promise<void> {
    if (this.settings.throttle) await this.reserve([budget(limit, networkOf(ip))]);
  }

  /**
   * Lets somebody guess at a password: the guess is counted before it is checked, and forgiven when it was right.
   * @param account whatever names the account: for one that doesn't exist, what was typed
   * @param check whether the guess is right; when it throws, nothing was guessed and nothing is counted
   * @throws Problem 429 when there were too many wrong ones
   */
  async guess(account: string, ip: string, check: () => Promise<boolean>): Promise<boolean> {
    if (!this.settings.throttle) return check();
    const network = networkOf(ip);
    const own = budget(GUESSES_AT_ACCOUNT_FROM_NETWORK, account, network);
    const others = [budget(GUESSES_FROM_NETWORK, network), budget(GUESSES_AT_ACCOUNT, account)];
    const familiar = keyOf(FAMILIAR, account, network);
    await this.reserve([own, ...others], familiar);
    const right = await check().catch(async (error: unknown) => {
      await this.giveBack([own, ...others]);
      throw error;
    });
    if (right) {
      await this.database.write(SUCCEED, [own.key]);
      await this.giveBack(others);
      await this.database.write(REMEMBER, [familiar, FAMILIAR_FOR]);
    }
    return right;
  }

  /** Forgets every wrong guess at this account, from wherever. */
  async clear(account: string): Promise<void> {
    const limits = [GUESSES_AT_ACCOUNT, GUESSES_AT_ACCOUNT_FROM_NETWORK];
    await this.database.write(FORGET, [limits.map(({ name }) => keyOf(name, account))]);
  }

  /** Removes counters whose window is over, a thousand at most. Returns how many it removed. */
  async purge(): Promise<number> {
    return (await this.database.write(PURGE, [])).length;
  }

  /** An attempt that is refused is given back: it must not use up what others behind the same network have left. */
  private async reserve(budgets: Budget[], familiar?: string): Promise<void> {
    const keys = budgets.map(({ key }) => key);
    const counters = await this.database.write<{ key: string; hits: number; seconds: number }>(RESERVE, [
      keys,
      budgets.map(({ limit }) => limit.window),
    ]);
    const exceeded = counters.filter(({ key, hits }) => hits > pointsOf(key, budgets));
    if (exceeded.length === 0) return;
    const isAccountWide = exceeded.every(({ key }) => key.startsWith(`${GUESSES_AT_ACCOUNT.name}|`));
    if (isAccountWide && familiar && (await this.database.read(IS_KNOWN, [familiar])).length > 0) return;
    await this.giveBack(budgets);
    this.log.warn({ event: 'throttled', limits: exceeded.map(({ key }) => key.split('|')[0]) });
    throw tooManyRequests(Math.max(...exceeded.map(({ seconds }) => seconds)));
  }

  private async giveBack(budgets: Budget[]): Promise<void> {
    await this.database.write(GIVE_BACK, [budgets.map(({ key }) => key)]);
  }
}

const LIMIT = Symbol('throttle:limit');

/** Limits a route for each network: registrations to 30 an hour, refreshes to 150 in five minutes. */
export const Throttled = (what: 'registrations' | 'refreshes') =>
  SetMetadata(LIMIT, what === 'registrations' ? REGISTRATIONS : REFRESHES);

/** The limit of a route, if it has one. */
export const limitOf = (handler: object): Limit | undefined => Reflect.getMetadata(LIMIT, handler) as Limit | undefined;

/** Holds back networks that call a limited route too often. */
@Injectable()
export class ThrottleGuard implements CanActivate {
  constructor(private readonly throttle: Throttle) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const limit = limitOf(context.getHandler());
    if (!limit) return true;
    const { ip } = context.switchToHttp().getRequest<FastifyRequest>();
    return this.throttle.count(limit, ip).then(() => true);
  }
}

const budget = (limit: Limit, ...whom: string[]): Budget => ({ key: keyOf(limit.name, ...whom), limit });

/** Hashed: what somebody typed as a username may be a password. */
const keyOf = (name: string, ...whom: string[]) =>
  [name, ...whom.map((part) => createHash('sha256').update(part).digest('base64url').slice(0, 22))].join('|');

const pointsOf = (key: string, budgets: Budget[]) => budgets.find((one) => one.key === key)?.limit.points ?? 0;

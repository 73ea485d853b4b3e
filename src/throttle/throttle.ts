import { createHash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Origin, originOf, perRoute } from '../request.js';
import { days, hours, minutes } from '../config/durations.js';
import { Settings } from '../config/settings.js';
import { Database, statement } from '../database/database.js';
import { tooManyRequests } from '../problems.js';
import { networkOf } from './networks.js';

/** So many attempts in a window (milliseconds) that opens with the first of them. */
interface Limit {
  readonly name: string;
  readonly points: number;
  readonly window: number;
}

/** What is counted for each network, whoever is behind it. */
const PER_NETWORK = {
  registrations: { name: 'register', points: 30, window: hours(1) },
  refreshes: { name: 'refresh', points: 150, window: minutes(5) },
} satisfies Record<string, Limit>;
export type Counted = keyof typeof PER_NETWORK;

const GUESSES_FROM_NETWORK: Limit = { name: 'guess:network', points: 50, window: minutes(5) };
const GUESSES_AT_ACCOUNT: Limit = { name: 'guess:account', points: 100, window: minutes(15) };
const GUESSES_AT_ACCOUNT_FROM_NETWORK: Limit = { name: 'guess', points: 5, window: minutes(15) };
/** Every limit there is. */
export const LIMITS: readonly Pick<Limit, 'name'>[] = [
  ...Object.values(PER_NETWORK),
  GUESSES_FROM_NETWORK,
  GUESSES_AT_ACCOUNT,
  GUESSES_AT_ACCOUNT_FROM_NETWORK,
];
const FAMILIAR = 'familiar';
const FAMILIAR_FOR = days(30);

/** A limit and whom it counts. */
interface Budget {
  key: string;
  limit: Limit;
}

/** An attempt that is counted, and in which window: a later one has nothing to do with it. */
interface Reservation extends Budget {
  hits: number;
  resetsAt: string;
  seconds: number;
}

/** Somebody is held back. */
export interface Rejection {
  /** Whether it is the first time in the window of one of these limits. */
  isFirst: boolean;
  /** The limits that were reached. */
  limits: string[];
  /** The account that was guessed at, as `guess` was told. */
  account?: string;
  from: Origin;
}

const MS = `interval '1 millisecond'`;

// rows in the order of their keys, so that two requests can't wait for each other
const RESERVE = statement(
  'throttle.reserve',
  `INSERT INTO throttle_counters AS c (key, hits, resets_at)
   SELECT key, 1, now() + milliseconds * ${MS}
   FROM unnest($1::text[], $2::bigint[]) AS budget (key, milliseconds) ORDER BY key
   ON CONFLICT (key) DO UPDATE SET
     hits = CASE WHEN c.resets_at <= now() THEN 1 ELSE c.hits + 1 END,
     resets_at = CASE WHEN c.resets_at <= now() THEN excluded.resets_at ELSE c.resets_at END
   RETURNING key, hits, resets_at::text AS "resetsAt", extract(epoch FROM resets_at - now())::float8 AS seconds`,
);
/** Only in the window that it was taken from, or guesses in the next one would be forgiven; what is back at none goes. */
const GIVE_BACK = statement(
  'throttle.give_back',
  `WITH mine AS (
     SELECT c.key, c.hits FROM throttle_counters c
     JOIN unnest($1::text[], $2::timestamptz[]) AS taken (key, resets_at) ON c.key = taken.key AND c.resets_at = taken.resets_at
     ORDER BY c.key FOR UPDATE OF c),
   emptied AS (DELETE FROM throttle_counters c USING mine WHERE c.key = mine.key AND mine.hits <= 1)
   UPDATE throttle_counters c SET hits = c.hits - 1 FROM mine WHERE c.key = mine.key AND mine.hits > 1`,
);
/** Which of these windows nobody has been told of. */
const NOTE = statement(
  'throttle.note',
  `INSERT INTO throttle_counters AS c (key, hits, resets_at)
   SELECT 'noted|' || key, 0, resets_at FROM unnest($1::text[], $2::timestamptz[]) AS full_window (key, resets_at) ORDER BY key
   ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at WHERE c.resets_at < excluded.resets_at
   RETURNING key`,
);
/** The guesses before the right one are forgiven, and the network is familiar from now on. */
const SUCCEED = statement(
  'throttle.succeed',
  `WITH forgiven AS (DELETE FROM throttle_counters WHERE key = $1)
   INSERT INTO throttle_counters AS c (key, hits, resets_at) VALUES ($2, 0, now() + $3::bigint * ${MS})
   ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at
   WHERE c.resets_at < excluded.resets_at - interval '1 day'`,
);
const IS_KNOWN = statement(
  'throttle.is_known',
  `SELECT key FROM throttle_counters WHERE key = $1 AND resets_at > now()`,
);
const FORGET = statement(
  'throttle.forget',
  `DELETE FROM throttle_counters c USING unnest($1::text[]) AS prefix WHERE starts_with(c.key, prefix)`,
);
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
  private readonly listeners: ((refusal: Rejection) => void | Promise<void>)[] = [];

  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Whom else to tell when somebody is held back. */
  onRefusal(listener: (refusal: Rejection) => void | Promise<void>): void {
    this.listeners.push(listener);
  }

  /** Counts one more of something from the network that this client is in. @throws Problem 429 when it is too many */
  async count(what: Counted, from: Origin): Promise<void> {
    if (!this.settings.throttle) return;
    const reserved = await this.reserve([budget(PER_NETWORK[what], networkOf(from.ip))]);
    const exceeded = reserved.filter(isExceeded);
    if (exceeded.length) await this.refuse(reserved, { limits: exceeded, from });
  }

  /**
   * Lets somebody guess at a password: the guess is counted before it is checked, and forgiven when it was right.
   * @param account whatever names the account: for one that doesn't exist, what was typed
   * @param check whether the guess is right; when it throws, nothing was guessed and nothing is counted
   * @throws Problem 429 when there were too many wrong ones
   */
  async guess(account: string, from: Origin, check: () => Promise<boolean>): Promise<boolean> {
    if (!this.settings.throttle) return check();
    const network = networkOf(from.ip);
    const pair = budget(GUESSES_AT_ACCOUNT_FROM_NETWORK, account, network);
    const familiar = keyOf(FAMILIAR, account, network);
    const reserved = await this.reserve([
      pair,
      budget(GUESSES_FROM_NETWORK, network),
      budget(GUESSES_AT_ACCOUNT, account),
    ]);
    const exceeded = reserved.filter(isExceeded);
    if (exceeded.length && !(await this.isSpared(exceeded, familiar))) {
      return this.refuse(reserved, { limits: exceeded, account, from });
    }
    const isRight = await check().catch(async (error: unknown) => {
      await this.giveBack(reserved);
      throw error;
    });
    if (isRight) {
      await this.giveBack(reserved);
      await this.database.write(SUCCEED, [pair.key, familiar, FAMILIAR_FOR]);
    }
    return isRight;
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

  private async reserve(budgets: Budget[]): Promise<Reservation[]> {
    const values = [budgets.map(({ key }) => key), budgets.map(({ limit }) => limit.window)];
    const rows = await this.database.write<Omit<Reservation, 'limit'>>(RESERVE, values);
    const limitOf = new Map(budgets.map(({ key, limit }) => [key, limit]));
    return rows.map((row) => ({ ...row, limit: limitOf.get(row.key) as Limit }));
  }

  /** The limit on a whole account is for strangers: its owner must get in while others guess. */
  private async isSpared(exceeded: Reservation[], familiar: string): Promise<boolean> {
    if (exceeded.some(({ limit }) => limit !== GUESSES_AT_ACCOUNT)) return false;
    return (await this.database.read(IS_KNOWN, [familiar])).length > 0;
  }

  /** What is refused is given back: it must not use up what others behind the same network have left. */
  private async refuse(
    reserved: Reservation[],
    { limits, account, from }: { limits: Reservation[]; account?: string; from: Origin },
  ): Promise<never> {
    await this.giveBack(reserved);
    const untold = await this.database.write<{ key: string }>(NOTE, keysAndWindows(limits));
    const refusal = { isFirst: untold.length > 0, limits: limits.map(({ limit }) => limit.name), account, from };
    for (const listener of this.listeners) await listener(refusal);
    throw tooManyRequests(Math.max(...limits.map(({ seconds }) => seconds)));
  }

  private async giveBack(reserved: Reservation[]): Promise<void> {
    await this.database.write(GIVE_BACK, keysAndWindows(reserved));
  }
}

const COUNTED = Symbol('throttle:counted');
const countedOf = perRoute(
  (context) => (Reflect.getMetadata(COUNTED, context.getHandler()) as Counted | undefined) ?? null,
);

/** Limits a route for each network. */
export const Throttled = (what: Counted) => SetMetadata(COUNTED, what);

/** Holds back networks that call a limited route too often. */
@Injectable()
export class ThrottleGuard implements CanActivate {
  constructor(private readonly throttle: Throttle) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const what = countedOf(context);
    return what === null || this.admit(what, context);
  }

  private async admit(what: Counted, context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.throttle.count(what, originOf(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()));
    return true;
  }
}

const isExceeded = ({ hits, limit }: Reservation) => hits > limit.points;

const keysAndWindows = (reserved: Reservation[]) => [
  reserved.map(({ key }) => key),
  reserved.map(({ resetsAt }) => resetsAt),
];

const budget = (limit: Limit, ...whom: string[]): Budget => ({ key: keyOf(limit.name, ...whom), limit });

/** Hashed: what somebody typed as a username may be a password. */
const keyOf = (name: string, ...whom: string[]) =>
  [name, ...whom.map((part) => createHash('sha256').update(part).digest('base64url').slice(0, 22))].join('|');

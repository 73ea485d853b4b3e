import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { problem } from '../../problems.js';
import type { Profile } from './profile.js';

/** The result of a flow, and what must be shown to redeem it. */
export interface ProviderResult {
  provider: string;
  profile: Profile;
  redirectUri: string;
  challenge: string;
}

/** What redeems the code of a flow. */
export interface Redemption {
  code: string;
  code_verifier: string;
  redirect_uri: string;
}

const KEEP = statement(
  'provider_results.keep',
  `INSERT INTO provider_results (flow_id, code_hash, payload, expires_at)
   VALUES ($1, $2, $3, now() + interval '60 seconds') ON CONFLICT (flow_id) DO NOTHING RETURNING flow_id`,
);

/** The first request with a code deletes it, whether the rest is right or wrong. */
const REDEEM = statement(
  'provider_results.redeem',
  `DELETE FROM provider_results WHERE code_hash = $1 RETURNING payload, expires_at > now() AS "isAlive"`,
);

const PURGE = statement(
  'provider_results.purge',
  `DELETE FROM provider_results WHERE flow_id IN (
     SELECT flow_id FROM provider_results WHERE expires_at < now() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
   RETURNING flow_id`,
);

/** Results of flows: a row each, for a minute, by the hash of a single-use code. */
@Injectable()
export class ProviderResults implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('old_provider_results', () => this.purge()));
  }

  /** Stores the result of a flow. Returns the code that redeems it; undefined when the flow has one already. */
  async keep(flowId: string, result: ProviderResult): Promise<string | undefined> {
    const code = `pc_${randomBytes(32).toString('base64url')}`;
    const kept = await this.database.write(KEEP, [flowId, sha256(code), JSON.stringify(result)]);
    return kept.length ? code : undefined;
  }

  /** The result behind a code. The code is used up, even if verifier or redirect URI are wrong. @throws Problem 400 `invalid_grant` */
  async redeem({ code, code_verifier, redirect_uri }: Redemption): Promise<ProviderResult> {
    const [found] = await this.database.write<{ payload: ProviderResult; isAlive: boolean }>(REDEEM, [sha256(code)]);
    if (!found?.isAlive) throw problem('invalid_grant');
    const { payload } = found;
    const isTheirs = timingSafeEqual(sha256(code_verifier), Buffer.from(payload.challenge, 'base64url'));
    if (!isTheirs || payload.redirectUri !== redirect_uri) throw problem('invalid_grant');
    return payload;
  }

  /** Deletes results that nobody redeemed, a thousand at most. Returns how many. */
  private async purge(): Promise<number> {
    return (await this.database.write(PURGE, [])).length;
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { problem } from '../../problems.js';
import type { Profile } from './profile.js';

/** What a flow came back with, and what whoever redeems it must show. */
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

/** Whoever comes first with the code takes it away, right or wrong. */
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

/** What flows came back with: a row each, for a minute, under the hash of a code that is good once. */
@Injectable()
export class ProviderResults implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register(removalJob('old_provider_results', () => this.purge()));
  }

  /** Keeps what a flow came back with. Returns the code that redeems it, or undefined when the flow has one already. */
  async keep(flowId: string, result: ProviderResult): Promise<string | undefined> {
    const code = `pc_${randomBytes(32).toString('base64url')}`;
    const kept = await this.database.write(KEEP, [flowId, sha256(code), JSON.stringify(result)]);
    return kept.length ? code : undefined;
  }

  /** What a code stands for. It is used up by this, also by who can't show that the flow is theirs. @throws Problem 400 `invalid_grant` */
  async redeem({ code, code_verifier, redirect_uri }: Redemption): Promise<ProviderResult> {
    const [found] = await this.database.write<{ payload: ProviderResult; isAlive: boolean }>(REDEEM, [sha256(code)]);
    if (!found?.isAlive) throw problem('invalid_grant', { oauth: {} });
    const { payload } = found;
    const isTheirs = timingSafeEqual(sha256(code_verifier), Buffer.from(payload.challenge, 'base64url'));
    if (!isTheirs || payload.redirectUri !== redirect_uri) throw problem('invalid_grant', { oauth: {} });
    return payload;
  }

  /** Removes what nobody came for, a thousand at most. Returns how many. */
  private async purge(): Promise<number> {
    return (await this.database.write(PURGE, [])).length;
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

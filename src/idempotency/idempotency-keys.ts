import { createHash, createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { v4 as uuidv4 } from 'uuid';
import { derivedKeys } from '../config/derived-keys.js';
import { hours, seconds } from '../config/durations.js';
import { TokenSettings } from '../config/token-settings.js';
import { Database } from '../database/database.js';
import type { Companion } from '../database/statement.js';
import { serialize } from '../http/conditional-requests.js';
import { removalJob } from '../outbox/removal-job.js';
import { Scheduler } from '../outbox/scheduler.js';
import { problem, unavailable } from '../problems.js';
import { type IdempotencyClaim, pathOf } from '../request.js';
import { networkOf } from '../throttle/networks.js';
import { readKey } from './idempotency-header.js';
import type { IdempotencyKey } from './idempotency-key.entity.js';
import * as sql from './idempotency.statements.js';

const LEASE = seconds(60); // how long a request that died blocks its key
const KEPT = hours(24);
const TRIES = 5;

/** A stored answer. */
export type KeptAnswer = Pick<IdempotencyKey, 'location' | 'etag' | 'body'> & { status: number };

type Claimed = Pick<IdempotencyKey, 'fingerprint' | 'status' | 'location' | 'etag' | 'body'> & { isClaimed: boolean };

/**
 * Idempotent requests (Idempotency-Key, draft -07). A key belongs to an account, or to the network of an anonymous client.
 */
@Injectable()
export class IdempotencyKeys implements OnModuleInit {
  private readonly secrets: KeyObject[];

  constructor(
    private readonly database: Database,
    private readonly scheduler: Scheduler,
    { jwt }: TokenSettings,
  ) {
    this.secrets = derivedKeys(jwt, 'userhub idempotency');
  }

  onModuleInit(): void {
    this.scheduler.register(removalJob('old_idempotency_keys', () => this.purge()));
  }

  /**
   * Claims the key of a request, or returns the stored answer to the same request.
   * @throws Problem 409 `idempotency_in_progress`, 422 `idempotency_key_reused`, or for an invalid key
   */
  async claim(request: FastifyRequest): Promise<Claim | KeptAnswer> {
    const owner = request.user?.id ?? null;
    const scope = owner ?? `network ${networkOf(request.address)}`;
    const id = createHash('sha256')
      .update(`${scope}\0${readKey(request.headers['idempotency-key'])}`)
      .digest();
    const fingerprints = this.secrets.map((secret) => fingerprintOf(request, secret));
    const claim = uuidv4();
    for (let tries = 0; tries < TRIES; tries++) {
      const [found] = await this.database.write<Claimed>(sql.CLAIM, [id, owner, fingerprints[0], claim, LEASE]);
      if (found?.isClaimed) return new Claim(this.database, id, claim);
      if (!found?.fingerprint) continue; // a concurrent request claimed or released it
      const { fingerprint, status, location, etag, body } = found;
      if (!fingerprints.some((one) => timingSafeEqual(one, fingerprint))) throw problem('idempotency_key_reused');
      if (status === null) throw problem('idempotency_in_progress');
      return { status, location, etag, body };
    }
    throw unavailable();
  }

  /** Deletes answers to an account, or about it. */
  async forget(userId: string): Promise<void> {
    await this.database.write(sql.FORGET, [userId]);
  }

  /** Deletes expired leases and answers, a thousand at most. */
  private async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }
}

/** The claim of a running request on its key. */
export class Claim implements IdempotencyClaim {
  /** Whether the answer is stored. */
  isCompleted = false;

  constructor(
    private readonly database: Database,
    private readonly id: Buffer,
    private readonly claim: string,
  ) {}

  /** See {@link IdempotencyClaim}. */
  companion(answer: object, status = 201, subjectId: string | null = null): Companion {
    const { location, etag, body } = serialize(answer, status);
    const values = [this.id, this.claim, status, location, etag, body, subjectId, KEPT];
    return {
      statement: sql.COMPLETE,
      values,
      otherwise: problem('idempotency_in_progress'),
      done: () => (this.isCompleted = true),
    };
  }

  /** Releases the key for the next request. */
  async release(): Promise<void> {
    await this.database.write(sql.RELEASE, [this.id, this.claim]);
  }
}

function fingerprintOf({ method, url, body }: FastifyRequest, secret: KeyObject): Buffer {
  const content = Buffer.isBuffer(body) ? hash('sha256', body, 'hex') : JSON.stringify(body ?? null);
  return createHmac('sha256', secret)
    .update(`${method} ${targetOf(url)}\0${content}`)
    .digest();
}

/** Path, without a slash at its end, and query. */
function targetOf(url: string): string {
  const query = url.indexOf('?');
  return pathOf(url).replace(/\/$/, '') + (query < 0 ? '' : url.slice(query));
}

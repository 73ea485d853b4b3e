import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable, of } from 'rxjs';
import type { Companion } from '../database/statement.js';
import type { Origin } from '../request.js';
import { Claim, IdempotencyKeys, type KeptAnswer } from './idempotency-keys.js';

/** Interceptor for requests with an `Idempotency-Key`: bound to routes by {@link Idempotent}. */
@Injectable()
class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyKeys) {}

  async intercept(context: ExecutionContext, next: CallHandler<object>): Promise<Observable<object>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.headers['idempotency-key'] === undefined) return next.handle();
    const claim = await this.keys.claim(request);
    const reply = http.getResponse<FastifyReply>();
    if (!(claim instanceof Claim)) return of(replay(claim, reply));
    request.idempotency = claim;
    return from(run(next, claim));
  }
}

/** Makes the route honour `Idempotency-Key`. Its service stores the answer with the change: see {@link storing}. */
export const Idempotent = () => UseInterceptors(IdempotencyInterceptor);

/**
 * For `AuditService.write` and the like: stores the answer in the transaction of the change; undefined without a key.
 * @param answerTo the answer made of the changed rows, without secrets; undefined when nothing was changed
 */
export function storing<Row extends object>(
  { idempotency }: Pick<Origin, 'idempotency'>,
  answerTo: (rows: Row[]) => { answer: object; status?: number; subjectId?: string | null } | undefined,
): ((rows: Row[]) => Companion | undefined) | undefined {
  if (!idempotency) return undefined;
  return (rows) => {
    const kept = answerTo(rows);
    return kept && idempotency.companion(kept.answer, kept.status, kept.subjectId);
  };
}

/** Only the answer to a change is stored: failures, and requests that change nothing, release the key. */
async function run(next: CallHandler<object>, claim: Claim): Promise<object> {
  try {
    return await lastValueFrom(next.handle());
  } finally {
    if (!claim.isCompleted) await claim.release().catch(() => undefined); // otherwise its lease expires
  }
}

function replay({ status, location, etag, body }: KeptAnswer, reply: FastifyReply): object {
  void reply.code(status).header('idempotency-replayed', 'true');
  if (location !== null) void reply.header('location', location);
  if (etag !== null) void reply.header('etag', etag).header('cache-control', 'private, no-cache');
  return JSON.parse(body ?? 'null') as object;
}

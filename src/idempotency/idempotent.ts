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

/** Does what comes with an `Idempotency-Key` once: bound to routes by {@link Idempotent}. */
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

/** The route honours `Idempotency-Key`. Its service stores the answer with the change: see {@link storing}. */
export const Idempotent = () => UseInterceptors(IdempotencyInterceptor);

/**
 * What a writing statement is told so that its answer is stored in its transaction; undefined for a request without a key.
 * @param answerTo the answer that the rows of the change become, without secrets; undefined when nothing was changed
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

/** Only the answer of a change is kept: whatever fails frees the key, and so does what has changed nothing. */
async function run(next: CallHandler<object>, claim: Claim): Promise<object> {
  try {
    return await lastValueFrom(next.handle());
  } finally {
    if (!claim.isCompleted) await claim.release().catch(() => undefined); // else its lease runs out
  }
}

function replay({ status, location, etag, body }: KeptAnswer, reply: FastifyReply): object {
  void reply.code(status).header('idempotency-replayed', 'true');
  if (location !== null) void reply.header('location', location);
  if (etag !== null) void reply.header('etag', etag).header('cache-control', 'private, no-cache');
  return JSON.parse(body ?? 'null') as object;
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { forbidden } from '../problems.js';
import { type Call, callOf } from '../request.js';
import { idOf } from './fields.js';

/**
 * The call, for a path whose `user_id` must be the caller's own.
 * @throws Problem 403 for another user's, also for admins; 422 when it is no id
 */
export const OwnCall = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const { params, user } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { user_id: string } }>>();
  if (idOf(params.user_id, 'user_id') !== user?.id) throw forbidden();
  return callOf(context);
});

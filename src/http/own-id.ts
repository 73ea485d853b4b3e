import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { forbidden } from '../problems.js';
import { idOf } from './fields.js';

/** The `user_id` of the path, which must be the caller's own. @throws Problem 403 for another's, admins too; 422 for none */
export const OwnId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { params, user } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { user_id: string } }>>();
  const id = idOf(params.user_id, 'user_id');
  if (id !== user?.id) throw forbidden();
  return id;
});

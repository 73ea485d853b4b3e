import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { perRoute } from '../request.js';
import { unknownMember } from './validation.pipe.js';
import { validationFailed } from '../problems.js';

/** Refuses a query where a route reads none, as the validation pipe refuses unknown members where it reads one. */
@Injectable()
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (readsQuery(context)) return true;
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const names = Object.keys(query as object);
    if (!names.length || !routeOptions.url?.startsWith('/api/')) return true;
    throw validationFailed(names.map((name) => unknownMember(name, 'query')));
  }
}

const readsQuery = perRoute((context) => {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ??
    {}) as object;
  return Object.keys(args).some((arg) => arg.startsWith(`${RouteParamtypes.QUERY}:`));
});

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { type FieldError, validationFailed } from '../problems.js';
import { perRoute } from '../access.js';
import { notAnObject, unknownMember } from './validation.pipe.js';

/** Refuses a query or body on routes that read none, as the validation pipe refuses unknown members on those that do. */
@Injectable()
export class UnreadInputGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.routeOptions.url?.startsWith('/api/')) return true;
    const { readsQuery, readsBody } = inputOf(context);
    const errors = [...(readsQuery ? [] : unreadQuery(request)), ...(readsBody ? [] : unreadBody(request))];
    if (errors.length) throw validationFailed(errors);
    return true;
  }
}

const unreadQuery = ({ query }: FastifyRequest): FieldError[] =>
  Object.keys(query as object).map((name) => unknownMember(name, 'query'));

/** An empty object counts as no body. */
function unreadBody({ body, routeOptions: { config } }: FastifyRequest): FieldError[] {
  if (body === undefined || config.bulkLimit !== undefined) return [];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [notAnObject];
  return Object.keys(body).map((name) => unknownMember(name, 'body'));
}

const inputOf = perRoute((context) => {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ??
    {}) as object;
  const reads = (type: RouteParamtypes) => Object.keys(args).some((arg) => arg.startsWith(`${type}:`));
  return { readsQuery: reads(RouteParamtypes.QUERY), readsBody: reads(RouteParamtypes.BODY) };
});

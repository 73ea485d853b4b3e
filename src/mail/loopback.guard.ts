import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { notFound } from '../problems.js';

const LOOPBACK = /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$/i;
const LOCAL_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Lets in who calls from this machine by its own name. By the name too, as a page of somebody else can point a name of
 * theirs at 127.0.0.1 and have the developer's browser ask (DNS rebinding).
 * @throws not_found for everybody else, so that nobody learns that there is something
 */
@Injectable()
export class LoopbackGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const isLocal = LOOPBACK.test(request.socket.remoteAddress ?? '') && LOOPBACK.test(request.address);
    if (isLocal && LOCAL_HOST.test(request.headers.host ?? '')) return true;
    throw notFound('route');
  }
}

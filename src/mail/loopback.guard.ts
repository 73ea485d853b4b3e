import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { notFound } from '../problems.js';

const LOOPBACK = /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$/i;
const LOCAL_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Allows requests from this machine that also name it in `Host`: an attacker's page could point its own domain at 127.0.0.1
 * and use the developer's browser (DNS rebinding).
 * @throws not_found for all others, as if the route didn't exist
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

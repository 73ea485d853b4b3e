import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Providers } from './providers.js';

/** 404 `not_enabled` for a provider that isn't configured, before anything else is validated. */
@Injectable()
export class KnownProviderGuard implements CanActivate {
  constructor(private readonly providers: Providers) {}

  canActivate(context: ExecutionContext): boolean {
    const { provider } = context.switchToHttp().getRequest<FastifyRequest>().params as { provider?: string };
    if (provider !== undefined) this.providers.get(provider);
    return true;
  }
}

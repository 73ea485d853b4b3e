import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Providers } from './providers.js';

/** Says that a provider isn't set up before anything else is looked at: 404 `not_enabled`. */
@Injectable()
export class KnownProviderGuard implements CanActivate {
  constructor(private readonly providers: Providers) {}

  canActivate(context: ExecutionContext): boolean {
    const { provider } = context.switchToHttp().getRequest<FastifyRequest>().params as { provider?: string };
    if (provider !== undefined) this.providers.get(provider);
    return true;
  }
}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { UsersModule } from '../../users/users.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { FlowStates } from './flow-states.js';
import { IdentitiesController } from './identities.controller.js';
import { IdentitiesService } from './identities.service.js';
import { Identity } from './identity.entity.js';
import { IdentityStore } from './identity-store.js';
import { LinkTokens } from './link-tokens.js';
import { ProviderEvents } from './provider-events.js';
import { ProviderFlows } from './provider-flows.js';
import { ProviderLimits } from './provider-limits.js';
import { ProviderResultRow } from './provider-result.entity.js';
import { ProviderResults } from './provider-results.js';
import { ProviderSignIn } from './provider-sign-in.js';
import { Providers } from './providers.js';
import { ProvidersController } from './providers.controller.js';
import { PublicUrl } from './public-url.js';
import { ProviderSignUps } from './provider-sign-ups.js';
import { UserIdentitiesController } from './user-identities.controller.js';

/** Signing in with OpenID Connect and OAuth 2 providers, and linked identities. */
@Module({
  imports: [TypeOrmModule.forFeature([Identity, ProviderResultRow]), AuditModule, UsersModule, SessionsModule],
  controllers: [ProvidersController, IdentitiesController, UserIdentitiesController],
  providers: [
    FlowStates,
    IdentitiesService,
    IdentityStore,
    LinkTokens,
    ProviderEvents,
    ProviderFlows,
    ProviderLimits,
    ProviderResults,
    ProviderSignIn,
    Providers,
    PublicUrl,
    ProviderSignUps,
  ],
  exports: [ProviderEvents, Providers, ProviderSignIn],
})
export class ProvidersModule {}

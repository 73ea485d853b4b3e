import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { MfaSettings } from '../../config/mfa-settings.js';
import { TokenSettings } from '../../config/token-settings.js';
import { UsersModule } from '../../users/users.module.js';
import { AccessTokens } from './access-tokens.js';
import { BearerTokens } from './bearer-tokens.js';
import { KeysController } from './keys.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeyRing } from './keys.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RefusedRefreshes } from './refused-refreshes.js';
import { Sealer } from './sealer.js';
import { Session } from './session.entity.js';
import { SessionRemovals } from './session-removals.js';
import { SessionStore } from './session-store.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { UserSessionsController } from './user-sessions.controller.js';
import { WaysIn } from './ways-in.js';

/** Sessions, their tokens, and the look-up of the guards. */
@Module({
  imports: [TypeOrmModule.forFeature([Session]), JwtModule.register({}), AuditModule, UsersModule],
  controllers: [SessionsController, UserSessionsController, KeysController],
  providers: [
    { provide: KeyRing, useFactory: ({ jwt }: TokenSettings) => new KeyRing(jwt), inject: [TokenSettings] },
    { provide: Sealer, useFactory: (mfa: MfaSettings) => new Sealer(mfa.encryptionKeys), inject: [MfaSettings] },
    AccessTokens,
    BearerTokens,
    RefreshTokens,
    RefusedRefreshes,
    SessionStore,
    SessionRemovals,
    SessionsService,
    JwtStrategy,
    WaysIn,
  ],
  exports: [AccessTokens, BearerTokens, KeyRing, Sealer, SessionStore, SessionsService, JwtStrategy, WaysIn],
})
export class SessionsModule {}

import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { Settings } from '../config/settings.js';
import { UsersModule } from '../users/users.module.js';
import { FactorsModule } from './factors/factors.module.js';
import { AccessTokens } from './sessions/access-tokens.js';
import { JwksController } from './sessions/jwks.controller.js';
import { JwtStrategy } from './sessions/jwt.strategy.js';
import { KeyRing } from './sessions/keys.js';
import { RefreshTokens } from './sessions/refresh-tokens.js';
import { RefusedRefreshes } from './sessions/refused-refreshes.js';
import { Session } from './sessions/session.entity.js';
import { SessionsService } from './sessions/sessions.service.js';
import { SessionStore } from './sessions/session-store.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { UserSessionsController } from './sessions/user-sessions.controller.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignIn } from './sign-in/sign-in.service.js';

@Module({
  imports: [FactorsModule, TypeOrmModule.forFeature([Session]), JwtModule.register({}), AuditModule, UsersModule],
  controllers: [SignInController, SessionsController, UserSessionsController, JwksController],
  providers: [
    { provide: KeyRing, useFactory: ({ jwt }: Settings) => new KeyRing(jwt), inject: [Settings] },
    AccessTokens,
    RefreshTokens,
    RefusedRefreshes,
    SessionStore,
    SessionsService,
    JwtStrategy,
    SignIn,
  ],
  exports: [SignIn, SessionStore, SessionsService, JwtStrategy],
})
export class AuthModule {}

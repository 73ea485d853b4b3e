import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { Settings } from '../config/settings.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens } from './sessions/access-tokens.js';
import { AuthController } from './sign-in/auth.controller.js';
import { AuthService } from './sign-in/auth.service.js';
import { JwksController } from './sessions/jwks.controller.js';
import { JwtStrategy } from './sessions/jwt.strategy.js';
import { KeyRing } from './sessions/keys.js';
import { RefreshTokens } from './sessions/refresh-tokens.js';
import { Session } from './sessions/session.entity.js';
import { SessionsService } from './sessions/sessions.service.js';
import { UserSessionsController } from './sign-in/user-sessions.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session]), JwtModule.register({}), PassportModule, AuditModule, UsersModule],
  controllers: [AuthController, UserSessionsController, JwksController],
  providers: [
    { provide: KeyRing, useFactory: ({ jwt }: Settings) => new KeyRing(jwt), inject: [Settings] },
    AccessTokens,
    RefreshTokens,
    SessionsService,
    JwtStrategy,
    AuthService,
  ],
  exports: [AuthService, SessionsService, JwtStrategy],
})
export class AuthModule {}

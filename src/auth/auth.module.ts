import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { FactorsModule } from './factors/factors.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { FailedSignIns } from './sign-in/failed-sign-ins.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignIn } from './sign-in/sign-in.service.js';
import { TokensModule } from './tokens/tokens.module.js';

/** Getting in, and staying in. */
@Module({
  imports: [AuditModule, UsersModule, SessionsModule, FactorsModule, RecoveryModule, TokensModule],
  controllers: [SignInController],
  providers: [SignIn, FailedSignIns],
  exports: [SignIn, SessionsModule, FactorsModule, RecoveryModule],
})
export class AuthModule {}

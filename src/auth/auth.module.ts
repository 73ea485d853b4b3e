import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { FactorsModule } from './factors/factors.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { FailedSignIns } from './sign-in/failed-sign-ins.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { Grants } from './sign-in/grants.js';
import { MfaSignInController } from './sign-in/mfa-sign-in.controller.js';
import { PasskeySignIn } from './sign-in/passkey-sign-in.js';
import { PasskeySignInController } from './sign-in/passkey-sign-in.controller.js';
import { PasswordSignIn } from './sign-in/password-sign-in.js';
import { PendingSignIns } from './sign-in/pending-sign-ins.js';
import { SecondFactorSignIn } from './sign-in/second-factor-sign-in.js';
import { SignIn } from './sign-in/sign-in.js';
import { TokensModule } from './tokens/tokens.module.js';

/** Sign-in, sessions, second factors, recovery, providers and personal access tokens. */
@Module({
  imports: [AuditModule, UsersModule, SessionsModule, FactorsModule, ProvidersModule, RecoveryModule, TokensModule],
  controllers: [SignInController, MfaSignInController, PasskeySignInController],
  providers: [SignIn, PendingSignIns, PasswordSignIn, SecondFactorSignIn, PasskeySignIn, Grants, FailedSignIns],
  exports: [SignIn, PasswordSignIn, SessionsModule, FactorsModule, ProvidersModule, RecoveryModule],
})
export class AuthModule {}

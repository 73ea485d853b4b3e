import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { CredentialTables } from '../../users/credential-tables.js';
import { PersonalData } from '../../users/personal-data/personal-data.js';
import { UsersModule } from '../../users/users.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { DeviceTokens } from './devices/device-tokens.js';
import { DevicesController } from './devices/devices.controller.js';
import { Devices } from './devices/devices.service.js';
import { RememberedDevice } from './devices/remembered-device.entity.js';
import { OWN } from './devices/devices.statements.js';
import { FactorGuesses } from './factor-guesses.js';
import { Factors } from './factors.service.js';
import { MfaController } from './mfa.controller.js';
import { Mfa } from './mfa.service.js';
import { FactorNotices } from './notices.js';
import { Assertions } from './passkeys/assertions.js';
import { Challenges } from './passkeys/challenges.js';
import { Passkey } from './passkeys/passkey.entity.js';
import { PasskeyOptions } from './passkeys/passkey-options.js';
import { PasskeysController } from './passkeys/passkeys.controller.js';
import { Passkeys } from './passkeys/passkeys.service.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { RecoveryProofs } from './recovery-proof.js';
import { SecondFactor } from './second-factor.js';
import { SetupTokens } from './setup-tokens.js';
import { MfaGuard } from './step-up/mfa.guard.js';
import { StepUpController } from './step-up/step-up.controller.js';
import { StepUp } from './step-up/step-up.service.js';
import { TotpFactor } from './totp-factor.entity.js';
import { UserMfaController } from './user-mfa.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([TotpFactor, RecoveryCode, Passkey, RememberedDevice]),
    AuditModule,
    UsersModule,
    SessionsModule,
  ],
  controllers: [MfaController, UserMfaController, PasskeysController, DevicesController, StepUpController],
  providers: [
    Factors,
    FactorGuesses,
    FactorNotices,
    SecondFactor,
    SetupTokens,
    RecoveryProofs,
    Mfa,
    Challenges,
    PasskeyOptions,
    Assertions,
    Passkeys,
    DeviceTokens,
    Devices,
    StepUp,
    MfaGuard,
  ],
  exports: [
    Factors,
    FactorGuesses,
    FactorNotices,
    SecondFactor,
    SetupTokens,
    Mfa,
    PasskeyOptions,
    Assertions,
    Devices,
    StepUp,
    MfaGuard,
  ],
})
export class FactorsModule implements OnModuleInit {
  constructor(
    private readonly tables: CredentialTables,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    for (const table of ['totp_factors', 'recovery_codes', 'passkeys']) {
      this.tables.register(table, ['reclaim', 'deletion']);
    }
    this.tables.register('remembered_devices', ['reset', 'reclaim', 'deletion']);
    this.personalData.registerRows({ name: 'devices', tables: ['remembered_devices'], rows: OWN });
  }
}

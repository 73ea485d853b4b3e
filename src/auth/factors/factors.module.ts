import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RememberedDevice } from './devices/remembered-device.entity.js';
import { Passkey } from './passkeys/passkey.entity.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { TotpFactor } from './totp-factor.entity.js';

@Module({ imports: [TypeOrmModule.forFeature([TotpFactor, RecoveryCode, Passkey, RememberedDevice])] })
export class FactorsModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { BreachedPasswords } from './passwords/breached-passwords.js';
import { PasswordGuesses } from './passwords/password-guesses.js';
import { Passwords } from './passwords/passwords.js';
import { FirstAdmin } from './first-admin.js';
import { HeldUsers } from './held-users.js';
import { AddressChanges } from './addresses/address-changes.js';
import { Challenges } from './addresses/challenges.js';
import { KnownDevice } from './addresses/known-device.entity.js';
import { KnownDevices } from './addresses/known-devices.js';
import { MailChallenge } from './addresses/mail-challenge.entity.js';
import { MailLimits } from './addresses/mail-limits.js';
import { VerifiedOnly } from './addresses/verified-only.js';
import { Verifications } from './addresses/verifications.js';
import { CredentialTables } from './credential-tables.js';
import { ImportController } from './import/import.controller.js';
import { UserExport } from './import/user-export.js';
import { UserImport } from './import/user-import.js';
import { NewAccounts } from './new-accounts.js';
import { PasswordResets } from './passwords/password-resets.js';
import { DataExport } from './personal-data/data-export.js';
import { DataExportController } from './personal-data/data-export.controller.js';
import { PersonalData } from './personal-data/personal-data.js';
import { PurgedUser } from './purged-user.entity.js';
import { Registrations } from './registrations.js';
import { UserStatistics } from './user-statistics.js';
import { UserNames } from './user-names.js';
import { User } from './user.entity.js';
import { UserPurges } from './user-purges.js';
import { UserLookups } from './user-lookups.js';
import { UserChanges } from './user-changes.js';
import { UserRemovals } from './user-removals.js';
import { SignUps } from './sign-ups.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, MailChallenge, KnownDevice, PurgedUser]), AuditModule],
  controllers: [ImportController, DataExportController, UsersController],
  providers: [
    UserImport,
    UserExport,
    DataExport,
    PersonalData,
    UserPurges,
    FirstAdmin,
    UsersService,
    Passwords,
    BreachedPasswords,
    PasswordGuesses,
    PasswordResets,
    Registrations,
    UserNames,
    HeldUsers,
    UserStatistics,
    NewAccounts,
    SignUps,
    UserRemovals,
    UserChanges,
    UserLookups,
    CredentialTables,
    Challenges,
    Verifications,
    VerifiedOnly,
    AddressChanges,
    KnownDevices,
    MailLimits,
  ],
  exports: [
    UserImport,
    PersonalData,
    UserStatistics,
    UserPurges,
    FirstAdmin,
    UsersService,
    UserLookups,
    UserRemovals,
    SignUps,
    Passwords,
    PasswordResets,
    NewAccounts,
    CredentialTables,
    Challenges,
    Verifications,
    VerifiedOnly,
    AddressChanges,
    KnownDevices,
    MailLimits,
  ],
})
export class UsersModule {}

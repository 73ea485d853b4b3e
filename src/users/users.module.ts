import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordGuesses } from './passwords/password-guesses.js';
import { Passwords } from './passwords/passwords.js';
import { HeldUsers } from './held-users.js';
import { Registrations } from './registrations.js';
import { UserNames } from './user-names.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User]), AuditModule],
  controllers: [UsersController],
  providers: [UsersService, Passwords, PasswordGuesses, Registrations, UserNames, HeldUsers],
  exports: [UsersService, Passwords],
})
export class UsersModule {}

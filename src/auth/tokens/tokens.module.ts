import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { UsersModule } from '../../users/users.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AccessToken } from './access-token.entity.js';
import { TokensController } from './tokens.controller.js';
import { TokensService } from './tokens.service.js';
import { UserTokensController } from './user-tokens.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([AccessToken]), AuditModule, UsersModule, SessionsModule],
  controllers: [TokensController, UserTokensController],
  providers: [TokensService],
})
export class TokensModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditEvent } from './audit-event.entity.js';
import { AuditRetention } from './audit-retention.js';
import { AuditController } from './audit.controller.js';
import { SignInStatistics } from './sign-in-statistics.js';
import { AuditService } from './audit.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent])],
  controllers: [AuditController],
  providers: [AuditService, AuditRetention, SignInStatistics],
  exports: [AuditService, SignInStatistics],
})
export class AuditModule {}

import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { SessionsModule } from '../auth/sessions/sessions.module.js';
import type { Settings } from '../config/settings.js';
import { UsersModule } from '../users/users.module.js';
import { BulkController } from './bulk.controller.js';
import { BulkService } from './bulk.service.js';
import { ConsoleFiles } from './console-files.js';
import { ConsoleHomeController } from './console-home.controller.js';
import { ConsoleController, ConsoleNetworksGuard } from './console.controller.js';
import { DailyStats } from './daily-stats.entity.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsService } from './statistics.service.js';

/** Routes that only the console uses, and its pages at `/admin`, where enabled; their source is the top-level folder `console/`. */
@Module({})
export class ConsoleModule {
  static register({ console, isProduction }: Settings): DynamicModule {
    return {
      module: ConsoleModule,
      imports: [TypeOrmModule.forFeature([DailyStats]), AuditModule, UsersModule, SessionsModule],
      controllers: [
        BulkController,
        StatisticsController,
        ...(console.enabled ? [ConsoleController] : []),
        ...(console.enabled && isProduction ? [ConsoleHomeController] : []),
      ],
      providers: [ConsoleFiles, ConsoleNetworksGuard, BulkService, StatisticsService],
    };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { DatabaseSettings } from '../config/database-settings.js';
import { DATABASE, DatabaseProbe } from './database-probe.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

@Module({})
export class HealthModule {
  static register(database: DatabaseSettings): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [{ provide: DATABASE, useValue: database }, DatabaseProbe, Readiness],
      exports: [Readiness],
    };
  }
}

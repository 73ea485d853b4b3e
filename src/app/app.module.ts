import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { MfaGuard } from '../auth/factors/step-up/mfa.guard.js';
import { BearerGuard, RolesGuard, ScopeGuard } from '../auth/sessions/guards.js';
import { ConsoleModule } from '../console/console.module.js';
import type { Settings } from '../config/settings.js';
import { SettingsModule } from '../config/settings.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { HealthModule } from '../health/health.module.js';
import { DocsController } from '../http/docs.controller.js';
import { HomeController } from '../http/home.controller.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { Lists } from '../lists/lists.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { PreconditionGuard } from '../http/conditional-requests.js';
import { UnreadInputGuard } from '../http/unread-input.guard.js';
import { Throttle } from '../throttle/throttle.js';
import { ValidationPipe } from '../http/validation.pipe.js';
import { MailModule } from '../mail/mail.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { Scheduler } from '../outbox/scheduler.js';
import { PostsModule } from '../posts/posts.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { UsersModule } from '../users/users.module.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';

/** What a request passes, in this order; every error ends in the filter. */
const REQUEST_PIPELINE = [
  { provide: APP_GUARD, useClass: BearerGuard },
  { provide: APP_GUARD, useClass: ScopeGuard },
  { provide: APP_GUARD, useClass: RolesGuard },
  { provide: APP_GUARD, useClass: MfaGuard },
  { provide: APP_GUARD, useClass: UnreadInputGuard },
  { provide: APP_GUARD, useClass: PreconditionGuard },
  { provide: APP_PIPE, useClass: ValidationPipe },
  { provide: APP_FILTER, useClass: ProblemFilter },
];

/** The composition root: the features, and the pipeline that every request passes. */
@Global()
@Module({})
export class AppModule {
  static register(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.register(settings),
        DatabaseModule,
        HealthModule,
        OutboxModule,
        IdempotencyModule,
        MailModule.register(settings),
        AuditModule,
        UsersModule,
        AuthModule,
        PostsModule,
        TasksModule,
        WebhooksModule,
        ConsoleModule.register(settings),
      ],
      controllers: [
        SystemController,
        ...(settings.server.docsEnabled ? [DocsController] : []),
        ...(settings.environment === 'development' ? [HomeController] : []),
      ],
      providers: [SystemService, Throttle, Lists, Scheduler, ...REQUEST_PIPELINE],
      exports: [Throttle, Lists, Scheduler],
    };
  }
}

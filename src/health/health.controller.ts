import { Controller, Get, Header, HttpStatus, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Public } from '../access.js';
import { DatabaseProbe } from './database-probe.js';
import { Readiness } from './readiness.js';

/** The state of the service. */
export class HealthDto {
  status: 'healthy' | 'unhealthy';
  database: 'connected' | 'disconnected';
  api: 'ok';
}

/** The state of one check. */
export class HealthIndicatorDto {
  status: 'up' | 'down';
  /** Why it is down. @example "2 migrations are pending" */
  message?: string;
}

/** The checks. */
export class HealthIndicatorsDto {
  database?: HealthIndicatorDto;
  migrations?: HealthIndicatorDto;
  process?: HealthIndicatorDto;
}

/** The state of all checks. */
export class HealthCheckResultDto {
  status: 'ok' | 'error' | 'shutting_down';
  /** Checks that are up. @example { "database": { "status": "up" }, "migrations": { "status": "up" }, "process": { "status": "up" } } */
  info: HealthIndicatorsDto;
  /** Checks that are down. @example {} */
  error: HealthIndicatorsDto;
  /** All checks. @example { "database": { "status": "up" }, "migrations": { "status": "up" }, "process": { "status": "up" } } */
  details: HealthIndicatorsDto;
}

/** The process is alive. */
export class LiveDto {
  status: 'ok';
}

/** Health checks for people, load balancers and Kubernetes probes. */
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
    private readonly probe: DatabaseProbe,
  ) {}

  /** Whether service and database work and the API serves requests; false while migrations run. */
  @Get()
  @Header('cache-control', 'no-store')
  async getHealth(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthDto> {
    if (this.readiness.isPrepared && (await this.probe.isUp()))
      return { status: 'healthy', database: 'connected', api: 'ok' };
    reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: 'unhealthy', database: 'disconnected', api: 'ok' };
  }

  /** Whether the process is alive; checks nothing else. */
  @Get('live')
  @Header('cache-control', 'no-store')
  getLiveness(): LiveDto {
    return { status: 'ok' };
  }

  /** Whether to route requests here: the database is reachable and has all migrations, and the process isn't shutting down. */
  @Get('ready')
  @Header('cache-control', 'no-store')
  async getReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthCheckResultDto> {
    const { readiness } = this;
    try {
      const checks = [() => readiness.database(), () => readiness.migrations(), () => readiness.process()];
      return (await this.health.check(checks)) as HealthCheckResultDto;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      reply.code(HttpStatus.SERVICE_UNAVAILABLE);
      return error.getResponse() as HealthCheckResultDto;
    }
  }
}

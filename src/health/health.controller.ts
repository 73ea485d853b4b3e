import { Controller, Get, Header, HttpStatus, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Public } from '../access.js';
import { DatabaseProbe } from './database-probe.js';
import { Readiness } from './readiness.js';

/** The state of the service in three words. */
export class HealthDto {
  status: 'healthy' | 'unhealthy';
  database: 'connected' | 'disconnected';
  api: 'ok';
}

/** What one part of it says. */
export class HealthIndicatorDto {
  status: 'up' | 'down';
  /** Why it is down. @example "2 migrations are pending" */
  message?: string;
}

/** The parts that the service needs. */
export class HealthIndicatorsDto {
  database?: HealthIndicatorDto;
  migrations?: HealthIndicatorDto;
  process?: HealthIndicatorDto;
}

/** The state of everything that the service needs. */
export class HealthCheckResultDto {
  status: 'ok' | 'error' | 'shutting_down';
  /** What works. @example { "database": { "status": "up" }, "migrations": { "status": "up" }, "process": { "status": "up" } } */
  info: HealthIndicatorsDto;
  /** What does not work. @example {} */
  error: HealthIndicatorsDto;
  /** Both of them. @example { "database": { "status": "up" }, "migrations": { "status": "up" }, "process": { "status": "up" } } */
  details: HealthIndicatorsDto;
}

/** The process turns. */
export class LiveDto {
  status: 'ok';
}

/** For people, balancers and Kubernetes probes. */
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
    private readonly probe: DatabaseProbe,
  ) {}

  /** Whether the service and its database work, and the API serves: not while migrations still run. */
  @Get()
  @Header('cache-control', 'no-store')
  async getHealth(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthDto> {
    if (this.readiness.isPrepared && (await this.probe.isUp()))
      return { status: 'healthy', database: 'connected', api: 'ok' };
    reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: 'unhealthy', database: 'disconnected', api: 'ok' };
  }

  /** Whether the process turns; asks nobody. */
  @Get('live')
  @Header('cache-control', 'no-store')
  getLiveness(): LiveDto {
    return { status: 'ok' };
  }

  /** Whether to send requests here: the database can be reached, it has all migrations, and the process isn't ending. */
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

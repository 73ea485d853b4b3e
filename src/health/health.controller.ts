import { Controller, Get, Header, HttpStatus, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
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
  async getReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthCheckResult> {
    const { readiness } = this;
    try {
      return await this.health.check([
        () => readiness.database(),
        () => readiness.migrations(),
        () => readiness.process(),
      ]);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      reply.code(HttpStatus.SERVICE_UNAVAILABLE);
      return error.getResponse() as HealthCheckResult;
    }
  }
}

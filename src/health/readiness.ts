import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Connector } from '../database/connector.js';
import { DatabaseProbe } from './database-probe.js';

/** Whether requests should be routed to this process. */
@Injectable()
export class Readiness {
  private draining = false;

  constructor(
    private readonly connector: Connector,
    private readonly probe: DatabaseProbe,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Whether the database has been reached and has all migrations. */
  get isPrepared(): boolean {
    return this.connector.isPrepared;
  }

  /** Whether the process is shutting down. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Reports not ready from now on, so that load balancers route elsewhere; requests are still answered. */
  drain(): void {
    this.draining = true;
  }

  /** Up when the database is reachable. */
  async database(): Promise<HealthIndicatorResult<'database'>> {
    const indicator = this.indicators.check('database');
    return (await this.probe.isUp()) ? indicator.up() : indicator.down();
  }

  /** Up when the database has all migrations. */
  migrations(): HealthIndicatorResult<'migrations'> {
    const indicator = this.indicators.check('migrations');
    return this.connector.isPrepared ? indicator.up() : indicator.down();
  }

  /** Up unless the process is shutting down. */
  process(): HealthIndicatorResult<'process'> {
    const indicator = this.indicators.check('process');
    return this.draining ? indicator.down({ message: 'draining' }) : indicator.up();
  }
}

import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Connector } from '../database/connector.js';
import { DatabaseProbe } from './database-probe.js';

/** Whether this process should be given requests. */
@Injectable()
export class Readiness {
  private draining = false;

  constructor(
    private readonly connector: Connector,
    private readonly probe: DatabaseProbe,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Whether the database has been reached, and has all migrations. */
  get isPrepared(): boolean {
    return this.connector.isPrepared;
  }

  /** Whether the process is about to end. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** From now on it is not ready, so that balancers send their requests elsewhere; it still answers those that come. */
  drain(): void {
    this.draining = true;
  }

  /** The database can be reached. */
  async database(): Promise<HealthIndicatorResult<'database'>> {
    const indicator = this.indicators.check('database');
    return (await this.probe.isUp()) ? indicator.up() : indicator.down();
  }

  /** The database has been prepared: it has all migrations. */
  migrations(): HealthIndicatorResult<'migrations'> {
    const indicator = this.indicators.check('migrations');
    return this.connector.isPrepared ? indicator.up() : indicator.down();
  }

  /** The process isn't about to end. */
  process(): HealthIndicatorResult<'process'> {
    const indicator = this.indicators.check('process');
    return this.draining ? indicator.down({ message: 'draining' }) : indicator.up();
  }
}

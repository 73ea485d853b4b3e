import { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from 'typeorm';

/** Logs statements at debug level, never parameters or server messages, which may contain secrets. */
export class SqlLogger implements Logger {
  private readonly logger = new NestLogger('SQL');

  constructor(private readonly debug: boolean) {}

  logQuery(query: string): void {
    if (this.debug) this.logger.debug(oneLine(query));
  }

  logQueryError(error: string | Error, query: string): void {
    const code = (error as { code?: string }).code ?? 'no SQLSTATE';
    if (this.debug) this.logger.debug(`failed (${code}): ${oneLine(query)}`);
  }

  logQuerySlow(time: number, query: string): void {
    this.logger.warn(`took ${time} ms: ${oneLine(query)}`);
  }

  logSchemaBuild(): void {
    // schema-build messages of TypeORM: `migrate` reports what was applied
  }

  logMigration(message: string): void {
    this.logger.log(message);
  }

  log(level: 'log' | 'info' | 'warn', message: string): void {
    this.logger[level === 'warn' ? 'warn' : 'log'](message);
  }
}

const oneLine = (sql: string) => sql.replace(/\s+/g, ' ').trim();

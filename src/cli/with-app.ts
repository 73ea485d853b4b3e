import { type INestApplicationContext, Logger as NestLoggers } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { DataSource } from 'typeorm';
import { AppModule } from '../app/app.module.js';
import { loadSettings, type Settings } from '../config/settings.js';
import { listMigrations, migrate } from '../database/migrate.js';
import { resolveDatabase } from '../process/resolve-database.js';
import { NestLogger } from '../logging/logging.js';
import { Failure } from './failures.js';
import type { Terminal } from './terminal.js';

/**
 * Runs work with the database: that of the settings, or the embedded one, which is used if it runs, or else started for the
 * duration of the work.
 * @throws SettingsError
 */
export async function withDatabase<T>(terminal: Terminal, work: (settings: Settings) => Promise<T>): Promise<T> {
  const settings = loadSettings(terminal.env);
  NestLoggers.overrideLogger(new NestLogger(commandLogger(settings, terminal)));
  const database = await resolveDatabase(settings, { join: true });
  try {
    return await work(settings);
  } finally {
    await database.stop();
  }
}

/**
 * Runs work with the application, without its server: `app.get(UsersService)` and the like. Migrations are applied first,
 * unless MIGRATE_ON_START=false.
 * @throws SettingsError; Failure when migrations are pending
 */
export function withApp<T>(terminal: Terminal, work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  return withDatabase(terminal, async (settings) => {
    await bringUpToDate(settings);
    const app = await NestFactory.createApplicationContext(AppModule.register(settings), {
      logger: new NestLogger(commandLogger(settings, terminal)),
      abortOnError: false,
    });
    try {
      await app.get(DataSource).initialize();
      return await work(app);
    } finally {
      await app.close();
    }
  });
}

async function bringUpToDate(settings: Settings): Promise<void> {
  if (settings.database.migrateOnStart) await migrate(settings);
  else if ((await listMigrations(settings)).some(({ applied }) => !applied)) {
    throw new Failure('Migrations are pending. Apply them first: userhub migrate');
  }
}

/** Logs warnings in readable form to stderr. */
function commandLogger({ logging: { debug } }: Settings, { stderr }: Terminal): Logger {
  const pretty = prettyFactory({ colorize: stderr.isTTY ?? false, ignore: 'time', singleLine: true });
  return pino(
    { level: debug ? 'debug' : 'warn', base: undefined },
    { write: (line: string) => void stderr.write(pretty(line)) },
  );
}

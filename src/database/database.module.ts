import { Global, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { Settings } from '../config/settings.js';
import { Connector } from './connector.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';

/** The database connection, available to all modules. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Settings],
      useFactory: (settings: Settings): TypeOrmModuleOptions => ({
        ...dataSourceOptions(settings, []),
        autoLoadEntities: true,
        manualInitialization: true, // the connector initializes it, so that a server without its database starts and reports it
      }),
    }),
  ],
  providers: [Connector, Database],
  exports: [Connector, Database],
})
export class DatabaseModule {}

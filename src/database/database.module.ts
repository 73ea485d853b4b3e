import { Global, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { Settings } from '../config/settings.js';
import { Connector } from './connector.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';

/** The connection to the database, for everyone. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Settings],
      useFactory: (settings: Settings): TypeOrmModuleOptions => ({
        ...dataSourceOptions(settings, []),
        autoLoadEntities: true,
        manualInitialization: true, // by the connector, so that a server without its database starts and says so
      }),
    }),
  ],
  providers: [Connector, Database],
  exports: [Connector, Database],
})
export class DatabaseModule {}

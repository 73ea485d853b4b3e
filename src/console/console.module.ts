import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { ConsoleFiles } from './console-files.js';
import { ConsoleHomeController } from './console-home.controller.js';
import { ConsoleController, ConsoleNetworksGuard } from './console.controller.js';

/** Serves the console at `/admin`, where it is enabled. Its pages are the top-level folder `console/`. */
@Module({})
export class ConsoleModule {
  static register({ consoleEnabled, isProduction }: Settings): DynamicModule {
    return {
      module: ConsoleModule,
      controllers: [
        ...(consoleEnabled ? [ConsoleController] : []),
        ...(consoleEnabled && isProduction ? [ConsoleHomeController] : []),
      ],
      providers: [ConsoleFiles, ConsoleNetworksGuard],
    };
  }
}

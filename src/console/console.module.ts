import { Module } from '@nestjs/common';
import { ConsoleFiles } from './console-files.js';
import { ConsoleController, ConsoleNetworksGuard } from './console.controller.js';

/** Serves the console at `/admin`. Its pages are the top-level folder `console/`. */
@Module({ controllers: [ConsoleController], providers: [ConsoleFiles, ConsoleNetworksGuard] })
export class ConsoleModule {}

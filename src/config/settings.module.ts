import { type DynamicModule, Global, Module } from '@nestjs/common';
import { GROUPS, Settings } from './settings.js';

/** Provides each group of settings, so that a module injects only its own. */
@Global()
@Module({})
export class SettingsModule {
  static register(settings: Settings): DynamicModule {
    const names = Object.keys(GROUPS) as (keyof typeof GROUPS)[];
    const providers = [
      { provide: Settings, useValue: settings },
      ...names.map((name) => ({ provide: GROUPS[name], useValue: settings[name] })),
    ];
    return { module: SettingsModule, providers, exports: providers };
  }
}

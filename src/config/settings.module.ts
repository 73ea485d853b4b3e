import { type DynamicModule, Global, Module } from '@nestjs/common';
import { GROUPS, Settings } from './settings.js';

/** Every group of settings as a provider, so that a module asks for its own group and no more. */
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

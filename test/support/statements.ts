import { Outbox } from '../../src/outbox/outbox.js';
import { Scheduler } from '../../src/outbox/scheduler.js';
import type { TestApp } from './app.js';

/** Stops jobs and deliveries, and waits for what is under way, so that from now on every statement is a request's. */
export async function stopBackground({ nest }: TestApp): Promise<void> {
  await Promise.all([nest.get(Scheduler).onModuleDestroy(), nest.get(Outbox).beforeApplicationShutdown()]);
}

/** The statements that an application has logged so far; it must have been started with DEBUG. */
export const loggedStatements = ({ logs }: TestApp): string[] =>
  logs.filter(({ context }) => context === 'SQL').map(({ msg }) => String(msg));

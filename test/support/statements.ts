import type { TestApp } from './app.js';

/** What jobs and deliveries do on their own, every second or so. */
const BACKGROUND = /^(?:INSERT INTO|UPDATE) (?:scheduled_jobs|outbox)\b|\bSKIP LOCKED\b/;

/** The statements of requests that an application has logged so far; it must have been started with DEBUG. */
export const requestStatements = ({ logs }: TestApp): string[] =>
  logs
    .filter(({ context }) => context === 'SQL')
    .map(({ msg }) => String(msg))
    .filter((sql) => !BACKGROUND.test(sql));

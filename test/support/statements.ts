import type { TestApp } from './app.js';

/** What jobs and deliveries do on their own, every second or so. */
const BACKGROUND =
  /^(?:INSERT INTO|UPDATE|DELETE FROM) (?:scheduled_jobs|outbox|dev_mails)\b|\bSKIP LOCKED\b|\bJOIN purged_users\b/;

/** The statements of requests that an application has logged so far; it must have been started with DEBUG. */
export const requestStatements = ({ logs }: TestApp): string[] =>
  logs
    .filter(({ context }) => context === 'SQL')
    .map(({ msg }) => String(msg))
    .filter((sql) => !BACKGROUND.test(sql));

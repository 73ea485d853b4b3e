import { days } from './durations.js';
import type { EnvironmentReader } from './environment.js';

/** Security events. */
export class AuditSettings {
  /** How long they are kept, in milliseconds. */
  retention: number;
}

/** Reads AUDIT_RETENTION_DAYS. */
export const readAudit = (env: EnvironmentReader): AuditSettings => ({
  retention: days(env.integer('AUDIT_RETENTION_DAYS', 365, { min: 1, max: 36_500 })),
});

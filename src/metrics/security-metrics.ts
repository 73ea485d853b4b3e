/** Metrics of sign-ins, second factors, providers and limits. */
import { Counter, type Registry } from 'prom-client';
import { type AuditService } from '../audit/audit.service.js';
import { type AuditAction } from '../audit/audit-event.entity.js';
import { type Providers } from '../auth/providers/providers.js';
import { PROVIDER_OUTCOMES, type ProviderEvents } from '../auth/providers/provider-events.js';
import { type Throttle } from '../throttle/throttle.js';

const FACTOR_EVENTS = new Set<AuditAction>([
  'mfa_challenged',
  'mfa_failed',
  'step_up',
  'recovery_code_used',
  'mfa_reset',
  'passkey_counter',
]);

export function countSecurityEvents(registry: Registry, audit: AuditService): void {
  const signIns = new Counter({
    name: 'userhub_sign_ins_total',
    help: 'Attempts to sign in whose password was checked, by result.',
    labelNames: ['result'],
    registers: [registry],
  });
  const reused = new Counter({
    name: 'userhub_refresh_token_reuse_total',
    help: 'Refresh tokens used a second time, so probably stolen. Their sessions were ended.',
    registers: [registry],
  });
  const factors = new Counter({
    name: 'userhub_second_factor_events_total',
    help: 'Events of second factors: challenges, failures, step-ups, recovery codes used, resets, copied passkeys.',
    labelNames: ['event'],
    registers: [registry],
  });
  for (const result of ['success', 'failure'] as const) signIns.inc({ result }, 0); // so that rate() sees the first one
  for (const event of FACTOR_EVENTS) factors.inc({ event }, 0);
  audit.onEvent(({ action, outcome }) => {
    if (action === 'login') signIns.inc({ result: outcome });
    if (action === 'token_reused') reused.inc();
    if (FACTOR_EVENTS.has(action)) factors.inc({ event: action });
  });
}

export function countProviders(registry: Registry, { all }: Providers, events: ProviderEvents): void {
  const outcomes = new Counter({
    name: 'userhub_provider_sign_ins_total',
    help: 'Flows through a provider, by outcome: signed in, refused by this server, denied by the person, failed at the provider, or the provider unreachable.',
    labelNames: ['provider', 'result'],
    registers: [registry],
  });
  for (const { name } of all) for (const result of PROVIDER_OUTCOMES) outcomes.inc({ provider: name, result }, 0);
  events.onOutcome((provider, result) => outcomes.inc({ provider, result }));
}

export function countRefusals(registry: Registry, throttle: Throttle): void {
  const throttled = new Counter({
    name: 'userhub_throttled_total',
    help: 'Attempts refused by rate limits, by limit.',
    labelNames: ['limit'],
    registers: [registry],
  });
  for (const limit of throttle.names) throttled.inc({ limit }, 0);
  throttle.onRejection(({ limits }) => {
    for (const limit of limits) throttled.inc({ limit });
  });
}

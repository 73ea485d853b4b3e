/** Metrics of password hashing and checking. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { type Passwords } from '../users/passwords/passwords.js';
import { gaugeOfRows, rememberFor } from './gauges.js';
import { minutes } from '../config/durations.js';
import { FOREIGN_SCHEMES, type ForeignCount } from '../users/passwords/foreign-hashes.js';
import { BREACH_OUTCOMES, type BreachedPasswords } from '../users/passwords/breached-passwords.js';
import { type PasswordHasher } from '../users/passwords/password-hasher.js';

export function measureHashing(registry: Registry, hasher: PasswordHasher): void {
  new Gauge({
    name: 'userhub_bcrypt_jobs',
    help: 'Jobs that hash or verify a password, running and waiting.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { running, waiting } = hasher.stats();
      this.set({ state: 'running' }, running);
      this.set({ state: 'waiting' }, waiting);
    },
  });
}

/** Queried every five minutes, however often it is scraped. */
export function measureForeignHashes(registry: Registry, passwords: Passwords): void {
  gaugeOfRows(registry, {
    name: 'userhub_foreign_hashes',
    help: 'Accounts whose password hash is still that of another system, by scheme; counted up to 100,000.',
    label: 'scheme',
    values: FOREIGN_SCHEMES,
    rows: rememberFor(minutes(5), () => passwords.countForeign()),
    valueOf: ({ count }: ForeignCount) => count,
  });
}

export function countBreachChecks(registry: Registry, breached: BreachedPasswords): void {
  const checks = new Counter({
    name: 'userhub_breached_password_checks_total',
    help: 'Checks of new passwords against known breaches, by result. After failed and skipped checks the password is accepted.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of BREACH_OUTCOMES) checks.inc({ result }, 0);
  breached.onOutcome((result) => checks.inc({ result }));
}

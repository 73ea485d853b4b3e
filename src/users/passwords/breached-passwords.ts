import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { minutes } from '../../config/durations.js';
import { PasswordSettings } from '../../config/password-settings.js';
import { isInBreachedFile } from './breached-file.js';
import { BreachedRanges, BreakerOpen } from './breached-ranges.js';
import { normalizePassword } from './password-rules.js';

/** Outcomes of a look-up. With `failed`, and `skipped` right after a failure, the password is accepted. */
export const BREACH_OUTCOMES = ['breached', 'clear', 'failed', 'skipped'] as const;
export type BreachOutcome = (typeof BREACH_OUTCOMES)[number];

/** Checks newly chosen passwords against those of known breaches. When the check is unavailable, passwords are accepted. */
@Injectable()
export class BreachedPasswords {
  private readonly ranges: BreachedRanges;
  private readonly log = new Logger('BreachedPasswords');
  private readonly listeners: ((outcome: BreachOutcome) => void)[] = [];
  private quietUntil = 0;

  constructor(private readonly settings: PasswordSettings) {
    this.ranges = new BreachedRanges(settings.breached.url);
  }

  /** Registers a listener for outcomes, for metrics. */
  onOutcome(listener: (outcome: BreachOutcome) => void): void {
    this.listeners.push(listener);
  }

  /** Whether the password is known from a breach; false when the check is unavailable. */
  async has(password: string): Promise<boolean> {
    const { mode, file } = this.settings.breached;
    if (mode === 'off' || (mode === 'offline' && file === undefined)) return false;
    const outcome = await this.lookUp(createHash('sha1').update(normalizePassword(password)).digest());
    for (const listener of this.listeners) listener(outcome);
    return outcome === 'breached';
  }

  private async lookUp(sha1: Buffer): Promise<BreachOutcome> {
    const { mode, file } = this.settings.breached;
    try {
      const isKnown =
        mode === 'offline' && file !== undefined
          ? await isInBreachedFile(file, sha1)
          : await this.ranges.has(sha1.toString('hex').toUpperCase());
      return isKnown ? 'breached' : 'clear';
    } catch (error) {
      if (error instanceof BreakerOpen) return 'skipped';
      this.warn(error as Error);
      return 'failed';
    }
  }

  /** At most once a minute. The URL isn't logged, as it contains the prefix. */
  private warn(error: Error): void {
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + minutes(1);
    this.log.warn({ event: 'breached_passwords_unavailable', reason: reasonOf(error) });
  }
}

function reasonOf(error: Error): string {
  const { code } = (error.cause ?? error) as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.name === 'Error' ? error.message : error.name;
}

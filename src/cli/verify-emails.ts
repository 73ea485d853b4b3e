import { Verifications } from '../users/addresses/verifications.js';
import { SCRIPT } from '../request.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/**
 * `verify-emails`: marks addresses of older accounts as verified, which were verified by other means.
 * @throws Failure for an invalid date
 */
export async function verifyEmails(terminal: Terminal, { createdBefore }: { createdBefore: string }): Promise<void> {
  const before = new Date(createdBefore);
  if (!/^\d{4}-\d\d-\d\d/.test(createdBefore) || Number.isNaN(before.getTime())) {
    throw new Failure(`"${createdBefore}" is not a date such as 2026-01-31.`);
  }
  await withApp(terminal, async (app) => {
    const count = await app.get(Verifications).verifyAll(before, SCRIPT);
    say(terminal, `${count} ${count === 1 ? 'address is' : 'addresses are'} verified from now on.`);
  });
}

import type { TestApp } from './app.js';
import { eventually } from './insist.js';

/** A mail as the development mailbox keeps it. */
export interface Mail {
  kind: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  code: string;
  link: string;
  /** What stands behind `#token=` in the link. */
  token: string;
}

/** All mails to an address that have been sent so far, oldest first; of one kind, if said. */
export async function mailsTo(app: TestApp, to: string, kind?: string): Promise<Mail[]> {
  const rows = await app.sql<{ mail: Omit<Mail, 'link'> & { link: string | null } }>(
    `SELECT mail FROM dev_mails JOIN outbox USING (id) -- not what a test before had sent
     WHERE mail->>'to' = $1 AND ($2::text IS NULL OR mail->>'kind' = $2) ORDER BY at, id`,
    [to, kind ?? null],
  );
  return rows.map(({ mail: { link, ...mail } }) => ({
    ...mail,
    link: link ?? '',
    token: /#token=(.+)$/.exec(link ?? '')?.[1] ?? '',
  }));
}

/** Waits for the latest mail of a kind to an address; the n-th if said. */
export function mailTo(app: TestApp, to: string, kind: string, n?: number): Promise<Mail> {
  return eventually(async () => {
    const mails = await mailsTo(app, to, kind);
    const mail = n === undefined ? mails.at(-1) : mails[n - 1];
    if (!mail) throw new Error(`There is no ${kind} to ${to} (${mails.length})`);
    return mail;
  });
}

/** What was committed to be sent, and is sent or not: the kinds, in the order of their making. */
export async function queuedTo(app: TestApp, to: string): Promise<string[]> {
  const rows = await app.sql<{ kind: string }>('SELECT kind FROM outbox WHERE recipient = $1 ORDER BY created_at, id', [
    to,
  ]);
  return rows.map(({ kind }) => kind);
}

/** Has all challenges of a purpose expire, as if time had passed. */
export const expire = (app: TestApp, purpose: string) =>
  app.sql(`UPDATE mail_challenges SET expires_at = now() - interval '1 second' WHERE purpose = $1`, [purpose]);

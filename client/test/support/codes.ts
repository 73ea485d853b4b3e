import { createHmac } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP = 30_000;

/** What an authenticator app shows (RFC 6238). @param ahead steps of 30 seconds; each code is taken once */
export function totpCode(secret: string, ahead = 0): string {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP) + ahead));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE((digest[19] ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** A mail in the mailbox of a development server. */
export interface DevMail {
  code: string;
  link: string;
}

/** The newest mail of this kind to somebody, once it is there. */
export async function mailTo(url: string, to: string, kind: string): Promise<DevMail & { token: string }> {
  const query = new URLSearchParams({ to, kind });
  for (const until = Date.now() + 15_000; Date.now() < until; await new Promise((go) => setTimeout(go, 100))) {
    const { items } = (await (await fetch(`${url}/dev/mail.json?${query}`)).json()) as { items: DevMail[] };
    const [mail] = items;
    if (mail) return { ...mail, token: new URL(mail.link).hash.replace('#token=', '') };
  }
  throw new Error(`No mail "${kind}" to ${to}`);
}

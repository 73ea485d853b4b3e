import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { derivedKeys } from '../config/derived-keys.js';
import { TokenSettings } from '../config/token-settings.js';
import { AppUrl } from './app-url.js';

/** The purposes of links: prefix of the token, and page of the front end. */
const LINKS = {
  verify: { prefix: 'ev_', path: '/verify-email' },
  reset: { prefix: 'pr_', path: '/reset-password' },
  change: { prefix: 'ec_', path: '/confirm-email-change' },
  revert: { prefix: 'er_', path: '/revert-email-change' },
  invite: { prefix: 'iv_', path: '/accept-invitation' },
  restore: { prefix: 'ur_', path: '/restore-account' },
} as const;
export type LinkPurpose = keyof typeof LINKS;

/** All purposes, in the order of the contract. */
export const LINK_PURPOSES = Object.keys(LINKS) as LinkPurpose[];

/** The pages of the front end, by purpose. */
export const LINK_PATHS = Object.fromEntries(LINK_PURPOSES.map((purpose) => [purpose, LINKS[purpose].path])) as Record<
  LinkPurpose,
  string
>;

/** The challenge of a token. */
export interface LinkClaims {
  purpose: LinkPurpose;
  challengeId: string;
}

const PREFIX_LENGTH = 3;
const ID_BYTES = 16;
const TOKEN = /^[a-z]{2}_[A-Za-z0-9_-]{64}$/;
const DIGITS = 6;
const MAX_TYPED = 64; // characters of a code with spaces: normalising 60 KB of combining marks takes 0.5 s

/**
 * Links and codes are computed, not stored: an HMAC over the id of a challenge row. Nobody can make one from the contents of
 * the database, the same challenge always gives the same link and code, and a forged token is recognised without a query.
 */
@Injectable()
export class MailLinks {
  private readonly linkKeys: KeyObject[];
  private readonly codeKeys: KeyObject[];

  constructor(
    settings: TokenSettings,
    private readonly appUrl: AppUrl,
  ) {
    this.linkKeys = derivedKeys(settings.jwt, 'userhub mail links');
    this.codeKeys = derivedKeys(settings.jwt, 'userhub mail codes');
  }

  /** The token of a challenge: 67 characters. */
  token(purpose: LinkPurpose, challengeId: string): string {
    const id = Buffer.from(parse(challengeId));
    return (
      LINKS[purpose].prefix + Buffer.concat([id, linkMac(purpose, id, current(this.linkKeys))]).toString('base64url')
    );
  }

  /** The URL of a mail's button. The token is in the fragment, which isn't sent to servers and so not logged or put into `Referer`. */
  url(purpose: LinkPurpose, challengeId: string): string {
    return `${this.appUrl.page(LINKS[purpose].path)}#token=${this.token(purpose, challengeId)}`;
  }

  /** The challenge of a token; undefined when it is forged. Whether the challenge is still valid isn't checked here. */
  read(token: string): LinkClaims | undefined {
    const purpose = LINK_PURPOSES.find((candidate) => token.startsWith(LINKS[candidate].prefix));
    if (!purpose || !TOKEN.test(token)) return undefined;
    const bytes = Buffer.from(token.slice(PREFIX_LENGTH), 'base64url');
    const [id, mac] = [bytes.subarray(0, ID_BYTES), bytes.subarray(ID_BYTES)];
    if (!this.linkKeys.some((key) => timingSafeEqual(mac, linkMac(purpose, id, key)))) return undefined;
    try {
      return { purpose, challengeId: stringify(id) };
    } catch {
      return undefined; // 16 signed bytes are always a UUID of ours
    }
  }

  /** The code of a challenge: six digits. */
  code(challengeId: string): string {
    return codeOf(challengeId, current(this.codeKeys));
  }

  /** Whether it is the challenge's code; spaces and hyphens are ignored, full-width digits are normalised. */
  isCode(challengeId: string, typed: string): boolean {
    if (typed.length > MAX_TYPED) return false;
    const digits = Buffer.from(typed.normalize('NFKC').replace(/[\s\-\u2010-\u2015]/g, ''));
    return this.codeKeys
      .map((key) => Buffer.from(codeOf(challengeId, key)))
      .map((code) => digits.length === code.length && timingSafeEqual(digits, code))
      .includes(true);
  }
}

/** A code in two groups of three, as people read it. */
export const spaced = (code: string): string => `${code.slice(0, DIGITS / 2)} ${code.slice(DIGITS / 2)}`;

const linkMac = (purpose: LinkPurpose, id: Buffer, key: KeyObject) =>
  createHmac('sha256', key).update(purpose).update(id).digest();

/** Dynamic truncation of HOTP (RFC 4226, 5.3), over HMAC-SHA256. */
function codeOf(challengeId: string, key: KeyObject): string {
  const mac = createHmac('sha256', key)
    .update(Buffer.from(parse(challengeId)))
    .digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

function current([key]: KeyObject[]): KeyObject {
  if (!key) throw new TypeError('JWT_SECRET_KEY: the first key must be able to sign.');
  return key;
}

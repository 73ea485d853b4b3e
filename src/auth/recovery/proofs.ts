import { Injectable } from '@nestjs/common';
import { MailLinks } from '../../mail/links.js';
import { problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { type Challenge, Challenges, hasCode } from '../../users/addresses/challenges.js';
import type { Purpose } from '../../users/addresses/mail-challenge.entity.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';

/** Where to find the challenge of a code. */
export interface CodeSearch {
  purpose: Purpose;
  /** The key for counting wrong codes: the address, whether an account has it or not. */
  address: string;
  find: () => Promise<Challenge[]>;
  origin: Origin;
}

/** A challenge whose link or code was shown. It may be used or expired: see `assertLive`. */
export interface Proof {
  challenge: Challenge;
  byCode: boolean;
}

/** Verifies links and codes, and whether their challenges are still valid. */
@Injectable()
export class Proofs {
  constructor(
    private readonly links: MailLinks,
    private readonly challenges: Challenges,
    private readonly limits: MailLimits,
  ) {}

  /** The id of a token's challenge. @throws Problem 422 `link_invalid` when it is forged, or for another purpose */
  idOf(token: string, purpose: Purpose): string {
    const claims = this.links.read(token);
    if (claims?.purpose !== purpose) throw problem('link_invalid');
    return claims.challengeId;
  }

  /**
   * The challenge of a token. @throws Problem 422 `link_invalid` when it is forged, for another purpose, or its account has
   * changed since
   */
  async byToken(token: string, purpose: Purpose): Promise<Proof> {
    const challenge = await this.challenges.find(this.idOf(token, purpose));
    if (challenge?.purpose !== purpose || !stands(challenge)) throw problem('link_invalid');
    return { challenge, byCode: false };
  }

  /** The challenge of a code. Wrong codes are counted even if there is no challenge. @throws Problem 422 `code_invalid`, 429 */
  async byCode(code: string, { purpose, address, find, origin }: CodeSearch): Promise<Proof> {
    const check = async () => {
      const found = await find();
      this.limits.assertCodesLeft(await this.challenges.wrongToday(purpose, found[0]?.userId ?? null));
      const right = found.find((challenge) => hasCode(challenge) && stands(challenge) && this.links.isCode(challenge.id, code)); // prettier-ignore
      if (!right) await this.challenges.countWrong(found.filter(({ isUsed }) => !isUsed));
      return right ?? null;
    };
    const challenge = await this.limits.tryCode(purpose, address, { origin, check });
    if (!challenge) throw problem('code_invalid');
    return { challenge, byCode: true };
  }

  /**
   * Reads a challenge again that could not be used: a concurrent request used or ended it. Returns it when it was used, for
   * actions that may be repeated.
   */
  async reread({ challenge: { id }, byCode }: Proof): Promise<Proof> {
    const challenge = await this.challenges.find(id);
    if (!challenge || !stands(challenge) || (byCode && !hasCode(challenge))) {
      throw problem(byCode ? 'code_invalid' : 'link_invalid');
    }
    return { challenge, byCode };
  }
}

/** @throws Problem 410 when it is used or expired */
export function assertLive({ challenge: { isUsed, isExpired }, byCode }: Proof): void {
  if (isUsed) throw problem('link_used');
  if (isExpired) throw problem(byCode ? 'code_expired' : 'link_expired');
}

/** Whether the same action has succeeded already, so that repeating it may succeed too: a double click, or a reloaded page. */
export const isRepeated = ({ challenge: { isUsed, isExpired, email, accountEmail } }: Proof): boolean =>
  isUsed && !isExpired && email === accountEmail;

/** Whether a challenge is valid, apart from use and expiry: its account hasn't changed. */
function stands(challenge: Challenge): boolean {
  const { purpose, isUsed, isCancelled, isActive, isDeleted, isOfGeneration, email, accountEmail } = challenge;
  if (isCancelled) return false;
  if (isUsed) return true;
  switch (purpose) {
    case 'verify':
      return isActive && email === accountEmail;
    case 'reset':
      return isActive && email === accountEmail && isOfGeneration;
    case 'change':
      return isActive && isOfGeneration;
    case 'revert':
      return !isDeleted;
    case 'restore':
      return isDeleted && isOfGeneration;
    case 'invite':
      return true; // validity is checked with its invitation
    default:
      return purpose satisfies never;
  }
}

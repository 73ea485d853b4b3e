import { Injectable } from '@nestjs/common';
import { MailLinks } from '../../mail/links.js';
import { problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import { type Challenge, Challenges, hasCode } from '../../users/addresses/challenges.js';
import type { Purpose } from '../../users/addresses/mail-challenge.entity.js';
import { MailLimits } from '../../users/addresses/mail-limits.js';

/** Where to look for the challenge that a code belongs to. */
export interface CodeSearch {
  purpose: Purpose;
  /** What wrong codes are counted for: the address, whether an account has it or not. */
  address: string;
  find: () => Promise<Challenge[]>;
  origin: Origin;
}

/** A challenge that somebody has shown the link or the code of. It may be used up or too old: see `assertLive`. */
export interface Proof {
  challenge: Challenge;
  byCode: boolean;
}

/** Reads links and codes: whether they are ours, and whether what they stand for still holds. */
@Injectable()
export class Proofs {
  constructor(
    private readonly links: MailLinks,
    private readonly challenges: Challenges,
    private readonly limits: MailLimits,
  ) {}

  /** Which challenge a token stands for. @throws Problem 422 `link_invalid` when it is forged, or for something else */
  idOf(token: string, purpose: Purpose): string {
    const claims = this.links.read(token);
    if (claims?.purpose !== purpose) throw problem('link_invalid');
    return claims.challengeId;
  }

  /** What a token proves. @throws Problem 422 `link_invalid` when it is forged, for something else, or overtaken by events */
  async byToken(token: string, purpose: Purpose): Promise<Proof> {
    const challenge = await this.challenges.find(this.idOf(token, purpose));
    if (challenge?.purpose !== purpose || !stands(challenge)) throw problem('link_invalid');
    return { challenge, byCode: false };
  }

  /** What a code proves. Wrong ones are counted, also where there is nothing to guess at. @throws Problem 422 `code_invalid`, 429 */
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
   * What to say when a challenge could not be used although it could when it was read: somebody was faster.
   * Returns it when it was used meanwhile, for what may be done twice.
   */
  async reread({ challenge: { id }, byCode }: Proof): Promise<Proof> {
    const challenge = await this.challenges.find(id);
    if (!challenge || !stands(challenge) || (byCode && !hasCode(challenge))) {
      throw problem(byCode ? 'code_invalid' : 'link_invalid');
    }
    return { challenge, byCode };
  }
}

/** @throws Problem 410 when it is used up or too old */
export function assertLive({ challenge: { isUsed, isExpired }, byCode }: Proof): void {
  if (isUsed) throw problem('link_used');
  if (isExpired) throw problem(byCode ? 'code_expired' : 'link_expired');
}

/** Whether doing it again is as good as the first time: a double click, or a page that was loaded twice. */
export const isRepeated = ({ challenge: { isUsed, isExpired, email, accountEmail } }: Proof): boolean =>
  isUsed && !isExpired && email === accountEmail;

/** Whether nothing has happened that ends it, but its use and its age. */
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
      return true; // its invitation says
    default:
      return purpose satisfies never;
  }
}

import { Injectable } from '@nestjs/common';
import { MailLinks } from '../../mail/links.js';
import { problem } from '../../problems.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { assertLive, Proofs } from './proofs.js';
import type { LinkDto, LinkPreviewDto } from './recovery.dto.js';

/** Tells what links are for. */
@Injectable()
export class LinkPreviews {
  constructor(
    private readonly links: MailLinks,
    private readonly proofs: Proofs,
    private readonly invitations: InvitationsService,
  ) {}

  /** What a link is for. @throws Problem 410, 422 `link_invalid` */
  async preview({ token }: LinkDto): Promise<LinkPreviewDto> {
    const purpose = this.links.read(token)?.purpose;
    if (!purpose) throw problem('link_invalid');
    const proof = await this.proofs.byToken(token, purpose);
    const { email, expiresAt: expires_at } = proof.challenge;
    if (purpose !== 'invite') {
      assertLive(proof);
      return { purpose, email, expires_at };
    }
    const { role, inviterName: invited_by, displayName: display_name } = await this.invitations.offerOf(proof);
    return { purpose, email, expires_at, role, invited_by, display_name };
  }
}

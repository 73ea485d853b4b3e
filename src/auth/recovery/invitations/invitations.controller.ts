import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConditionalWrite } from '../../../http/conditional-requests.js';
import { Id } from '../../../http/fields.js';
import type { Page } from '../../../lists/pages.js';
import { Idempotent } from '../../../idempotency/idempotent.js';
import { Fresh, makesAdmin, PublicOrBearer, Roles } from '../../../access.js';
import { Call, type OpenCall } from '../../../request.js';
import type { UserDto } from '../../../users/users.dto.js';
import { ACCEPTED, type AcceptedDto } from '../../../mail/mails.dto.js';
import { AcceptInvitationDto, CreateInvitationDto, type InvitationDto, InvitationsQuery } from './invitations.dto.js';
import { InvitationsService } from './invitations.service.js';

/** Accounts offered by mail. */
@Controller('api/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  /**
   * Invites somebody by mail, as an admin.
   * @throws email_taken, invitation_open, mail_not_configured
   */
  @Post()
  @Fresh({ ifMfa: true, when: makesAdmin })
  @Idempotent()
  @Roles('admin')
  createInvitation(@Body() dto: CreateInvitationDto, @Call() call: Call): Promise<InvitationDto> {
    return this.invitations.create(dto, call);
  }

  /** Lists invitations, newest first. */
  @Get()
  @Roles('admin')
  listInvitations(@Query() query: InvitationsQuery): Promise<Page<InvitationDto>> {
    return this.invitations.list(query);
  }

  /** Finds an invitation. */
  @Get(':id')
  @Roles('admin')
  getInvitation(@Id() id: string): Promise<InvitationDto> {
    return this.invitations.get(id);
  }

  /**
   * Mails an invitation again. An expired one becomes valid again, for its original number of days.
   * @throws conflict, mail_not_configured
   */
  @Post(':id/resend')
  @HttpCode(202)
  @Roles('admin')
  async resendInvitation(@Id() id: string, @Call() call: Call): Promise<AcceptedDto> {
    await this.invitations.resend(id, call);
    return ACCEPTED;
  }

  /**
   * Revokes an invitation: its link becomes invalid. Repeating it does no harm.
   * @throws conflict
   */
  @Delete(':id')
  @HttpCode(204)
  @ConditionalWrite()
  @Roles('admin')
  revokeInvitation(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.invitations.revoke(id, call);
  }

  /**
   * Accepts an invitation and creates the account (201), even where registration is closed. The owner of an account with
   * that address, verified, sends the token alone, with their bearer token, and gets the role (200).
   * @throws link_invalid, link_expired, link_used, email_taken, username_taken
   * @answers 201 UserDto, 200 UserDto
   */
  @Post('accept')
  @PublicOrBearer()
  async acceptInvitation(
    @Body() dto: AcceptInvitationDto,
    @Call() call: OpenCall,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto> {
    const { user, isNew } = await this.invitations.accept(dto, call);
    if (!isNew) void reply.code(200);
    return user;
  }
}

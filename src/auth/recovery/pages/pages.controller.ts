import { Body, Controller, Get, Header, HttpCode, Post, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { IsString } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { MailSettings } from '../../../config/mail-settings.js';
import { Optional } from '../../../http/fields.js';
import { buildDto } from '../../../http/validation.pipe.js';
import { LINK_PATHS, type LinkPurpose } from '../../../mail/links.js';
import { notFound, Problem } from '../../../problems.js';
import { Public } from '../../../access.js';
import { Call, type Origin } from '../../../request.js';
import { AccountRemovalService } from '../account-removal.service.js';
import { EmailChangeService } from '../email-change.service.js';
import { AcceptInvitationDto } from '../invitations/invitations.dto.js';
import { InvitationsService } from '../invitations/invitations.service.js';
import { PasswordResetService } from '../password-reset.service.js';
import { ConfirmEmailDto, ConfirmPasswordResetDto, LinkDto } from '../recovery.dto.js';
import { VerificationService } from '../verification.service.js';
import { denialPage, donePage, FORMS, formPage, MEMBERS, POLICY } from './page.js';

/** The members of the forms; empty ones count as missing. */
class PageForm {
  @Optional()
  @IsString()
  token?: string;
  @Optional()
  @IsString()
  email?: string;
  @Optional()
  @IsString()
  code?: string;
  @Optional()
  @IsString()
  password?: string;
  @Optional()
  @IsString()
  new_password?: string;
  @Optional()
  @IsString()
  username?: string;
  @Optional()
  @IsString()
  display_name?: string;
  @Optional()
  @IsString()
  action?: string;
}

/** The pages behind links in mails, where APP_URL isn't set. GET shows a form and changes nothing. */
@ApiExcludeController()
@Controller()
@Public()
export class PagesController {
  constructor(
    private readonly verification: VerificationService,
    private readonly resets: PasswordResetService,
    private readonly changes: EmailChangeService,
    private readonly invitations: InvitationsService,
    private readonly removal: AccountRemovalService,
    private readonly settings: MailSettings,
  ) {}

  /** Shows the form of the link that was opened. */
  @Get(Object.values(LINK_PATHS))
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  @Header('cache-control', 'no-store')
  @Header('referrer-policy', 'no-referrer')
  showForm(@Res({ passthrough: true }) reply: FastifyReply): string {
    return formPage(this.purposeOf(reply));
  }

  /** Handles the submitted form. */
  @Post(Object.values(LINK_PATHS))
  @HttpCode(200)
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  @Header('cache-control', 'no-store')
  @Header('referrer-policy', 'no-referrer')
  @RouteConfig({ formMembers: MEMBERS })
  async submitForm(
    @Body() form: PageForm,
    @Call() call: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const purpose = this.purposeOf(reply);
    const { action, token = '', ...rest } = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== '')) as Record<string, string>; // prettier-ignore
    if (purpose === 'verify' && action === 'reject' && token) return denialPage(token);
    try {
      if (purpose === 'verify' && action === 'reject_surely') {
        await this.verification.reject({ token }, call);
        return donePage('Thank you', 'That account is deleted.');
      }
      await this.submit(purpose, token ? { token, ...rest } : rest, call);
      return donePage(FORMS[purpose].title, FORMS[purpose].done);
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      void reply.code(error.status);
      return formPage(purpose, { token, failure: error.detail });
    }
  }

  private async submit(purpose: LinkPurpose, body: object, call: Origin): Promise<void> {
    switch (purpose) {
      case 'verify':
        return this.verification.verify(dtoOf(ConfirmEmailDto, body), call);
      case 'reset':
        return this.resets.confirm(dtoOf(ConfirmPasswordResetDto, body), call);
      case 'change':
        return this.changes.confirm(dtoOf(ConfirmEmailDto, body), call);
      case 'revert':
        return this.changes.revert(dtoOf(LinkDto, body), call);
      case 'invite':
        await this.invitations.accept(dtoOf(AcceptInvitationDto, body), call);
        return;
      case 'restore':
        return this.removal.restore(dtoOf(LinkDto, body), call);
      default:
        return purpose satisfies never;
    }
  }

  /** 404 where a front end has these pages. */
  private purposeOf({ request }: FastifyReply): LinkPurpose {
    const path = request.routeOptions.url;
    const [purpose] = Object.entries(LINK_PATHS).find(([, own]) => own === path) ?? [];
    if (this.settings.appUrl !== undefined || !purpose) throw notFound('route');
    return purpose as LinkPurpose;
  }
}

const dtoOf = <T extends object>(dto: new () => T, body: object): T =>
  buildDto(dto, body, { from: 'body', ignoreUnknown: true });

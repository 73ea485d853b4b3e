import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UseFilters, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Public } from '../../access.js';
import { Call, type Origin } from '../../request.js';
import { ProviderFlows } from './provider-flows.js';
import { KnownProviderGuard } from './known-provider.guard.js';
import { NavigationFilter } from './navigation.filter.js';
import { Providers } from './providers.js';
import { AuthorizeQuery, CallbackForm, CallbackQuery, type ProviderListDto } from './providers.dto.js';

const FORM_MEMBERS = ['code', 'state', 'error', 'iss', 'user'];

/** Signing in with what people already have: OpenID Connect providers, and GitHub. */
@Controller('api/auth/providers')
@Public()
@UseGuards(KnownProviderGuard)
@UseFilters(NavigationFilter)
export class ProvidersController {
  constructor(
    private readonly providers: Providers,
    private readonly flows: ProviderFlows,
  ) {}

  /** Lists the providers that are set up: a button for each. */
  @Get()
  listProviders(): ProviderListDto {
    return { items: this.providers.all.map(({ name, label }) => ({ name, label })) };
  }

  /**
   * Sends somebody to a provider: an address to navigate to, in the shape of OAuth 2's authorization endpoint with PKCE. They
   * come back to `redirect_uri` with a `code` for {issueToken}, good for a minute, or with an `error`.
   * A browser that navigates here is told of failures by a page in words, where programs get the problem.
   * @throws not_enabled, too_many_requests
   */
  @Get(':provider/authorize')
  @HttpCode(302)
  async authorize(
    @Param('provider') provider: string,
    @Query() query: AuthorizeQuery,
    @Call() call: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('location', await this.flows.leave(provider, query, call));
  }

  /**
   * Where a provider sends people back to. They are sent on to the front end that they came from, with a `code` or with an
   * `error`: `access_denied` or `server_error`.
   * @throws sign_in_expired, not_enabled, too_many_requests
   */
  @Get(':provider/callback')
  @HttpCode(303)
  async completeSignIn(
    @Param('provider') provider: string,
    @Query() query: CallbackQuery,
    @Call() call: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('location', await this.flows.arrive(provider, query, call));
  }

  /**
   * The same for providers that send people back by a form, as Apple does.
   * @throws sign_in_expired, not_enabled, too_many_requests
   */
  @Post(':provider/callback')
  @HttpCode(303)
  @RouteConfig({ formMembers: FORM_MEMBERS })
  async completeSignInByForm(
    @Param('provider') provider: string,
    @Body() form: CallbackForm,
    @Call() call: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('location', await this.flows.arrive(provider, form, call));
  }
}

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

/** Signing in with OpenID Connect providers and GitHub. */
@Controller('api/auth/providers')
@Public()
@UseGuards(KnownProviderGuard)
@UseFilters(NavigationFilter)
export class ProvidersController {
  constructor(
    private readonly providers: Providers,
    private readonly flows: ProviderFlows,
  ) {}

  /** Lists the configured providers: a button for each. */
  @Get()
  listProviders(): ProviderListDto {
    return { items: this.providers.all.map(({ name, label }) => ({ name, label })) };
  }

  /**
   * Redirects to a provider; to be navigated to, with the parameters of OAuth 2's authorization endpoint with PKCE. The
   * browser comes back to `redirect_uri` with a `code` for {issueToken}, valid for a minute, or with an `error`. Failures
   * are shown to a browser as an HTML page, to other clients as a problem.
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
   * The callback of providers. Redirects to the `redirect_uri` of the flow, with a `code` or with an `error`:
   * `access_denied` or `server_error`.
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
   * The same for providers that answer with `response_mode=form_post`, as Apple does.
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

import { Injectable, Logger } from '@nestjs/common';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { problem, unavailable, validationFailed } from '../../problems.js';
import type { Origin } from '../../request.js';
import { FlowStates, type StartedFlow } from './flow-states.js';
import { reasonOf } from './openid.js';
import { isUnanswered } from './reachability.js';
import type { CallbackParameters } from './provider-client.js';
import { ProviderEvents } from './provider-events.js';
import { ProviderLimits } from './provider-limits.js';
import { ProviderResults } from './provider-results.js';
import { type Provider, Providers } from './providers.js';
import type { AuthorizeQuery } from './providers.dto.js';
import { PublicUrl } from './public-url.js';
import { placeOf, uriAt, withParameters } from './redirect-uris.js';

/** What the front end gets back: a code, or an error. */
type Return = { code: string } | { error: 'access_denied' | 'server_error' };

/** Error codes of providers when the person declined. */
const DENIALS = new Set(['access_denied', 'user_cancelled_authorize', 'consent_required']);

/**
 * The authorization request and the callback. Signing in, linking and creating accounts happen later, when the front end
 * redeems the code and shows that it started the flow.
 */
@Injectable()
export class ProviderFlows {
  private readonly log = new Logger('Providers');

  constructor(
    private readonly providers: Providers,
    private readonly states: FlowStates,
    private readonly results: ProviderResults,
    private readonly limits: ProviderLimits,
    private readonly publicUrl: PublicUrl,
    private readonly events: ProviderEvents,
    private readonly settings: ProvidersSettings,
  ) {}

  /** The URL of a provider's authorization request. @throws Problem 404, 422, 429, 503 */
  async leave(name: string, query: AuthorizeQuery, from: Origin): Promise<string> {
    const { client, settings } = this.providers.get(name);
    const redirect = placeOf(query.redirect_uri, this.settings);
    if (redirect === undefined) throw validationFailed([NOT_ALLOWED]);
    await this.limits.count('authorize', from);
    const { token: state, ...flow } = this.states.begin(name, {
      redirect,
      challenge: query.code_challenge,
      state: query.state,
    });
    const departure = { flow, state, callback: this.publicUrl.callbackOf(name), loginHint: query.login_hint };
    try {
      return await client.authorizationUrl(departure);
    } catch (error) {
      this.report(name, 'unreachable', error, from);
      throw unavailable(
        5,
        `${settings.label} can’t be reached at the moment. Try again shortly, or sign in another way.`,
      );
    }
  }

  /**
   * Handles a provider's callback; returns the URL of the front end to redirect to.
   * @throws Problem 400 `sign_in_expired` when the state is invalid or too old, 404, 429
   */
  async arrive(name: string, parameters: CallbackParameters, from: Origin): Promise<string> {
    const provider = this.providers.get(name);
    await this.limits.count('callback', from);
    const flow = parameters.state === undefined ? undefined : this.states.read(name, parameters.state);
    const redirectUri = flow && uriAt(flow.redirect, this.settings);
    if (!flow || redirectUri === undefined) throw problem('sign_in_expired');
    const result = await this.resultOf(provider, { flow, parameters, redirectUri }, from);
    return withParameters(redirectUri, { ...result, state: flow.state });
  }

  private async resultOf(
    { settings: { name }, client }: Provider,
    { flow, parameters, redirectUri }: { flow: StartedFlow; parameters: CallbackParameters; redirectUri: string },
    from: Origin,
  ): Promise<Return> {
    if (parameters.error !== undefined && DENIALS.has(parameters.error)) {
      this.events.tell(name, 'denied');
      return { error: 'access_denied' };
    }
    try {
      const profile = await client.identify({ flow, callback: this.publicUrl.callbackOf(name), parameters });
      const result = { provider: name, profile, redirectUri, challenge: flow.challenge };
      const code = await this.results.keep(flow.id, result);
      return code === undefined ? { error: 'server_error' } : { code };
    } catch (error) {
      this.report(name, isUnanswered(error) ? 'unreachable' : 'failed', error, from);
      return { error: 'server_error' };
    }
  }

  private report(provider: string, outcome: 'failed' | 'unreachable', error: unknown, { requestId }: Origin): void {
    this.events.tell(provider, outcome);
    this.log.warn({ event: `provider_${outcome}`, provider, reason: reasonOf(error), request_id: requestId });
  }
}

const NOT_ALLOWED = {
  parameter: 'redirect_uri',
  code: 'not_allowed',
  detail: 'must be one of OAUTH_REDIRECT_URIS, exactly',
};

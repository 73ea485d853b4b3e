import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MailSettings } from '../../config/mail-settings.js';
import { ProvidersSettings } from '../../config/provider-settings.js';
import { escapeHtml, pagePolicy, plainPage } from '../../http/plain-page.js';
import { sendProblem } from '../../http/problem.filter.js';
import { Problem } from '../../problems.js';
import { placeOf } from './redirect-uris.js';

const POLICY = pagePolicy();

/** For routes that browsers navigate to: answers a failure with an HTML page and a link back, unless the client prefers JSON. */
@Catch(Problem)
export class NavigationFilter implements ExceptionFilter<Problem> {
  constructor(
    private readonly providers: ProvidersSettings,
    private readonly mail: MailSettings,
  ) {}

  catch(problem: Problem, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (!/\btext\/html\b/.test(request.headers.accept ?? '')) return sendProblem(request, reply, problem);
    void reply
      .code(problem.status)
      .headers({ ...problem.extras.headers, 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' })
      .type('text/html; charset=utf-8')
      .send(this.page(problem, request));
  }

  private page({ detail }: Problem, request: FastifyRequest): string {
    const home = this.homeOf((request.query as { redirect_uri?: unknown }).redirect_uri);
    const way = home && `<p><a href="${escapeHtml(home.href)}">Back to ${escapeHtml(home.host)}</a></p>`;
    return plainPage('Signing in did not work', `<p role="alert">${escapeHtml(detail)}</p>${way ?? ''}`);
  }

  /** The front end that the browser came from, if it is a configured one. */
  private homeOf(redirectUri: unknown): URL | null {
    const isOurs = typeof redirectUri === 'string' && placeOf(redirectUri, this.providers) !== undefined;
    const home = isOurs ? URL.parse('/', redirectUri) : URL.parse(this.mail.appUrl ?? '');
    return home && /^https?:$/.test(home.protocol) ? home : null;
  }
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { problem } from '../../../problems.js';
import { freshRule, type FreshRule, isBeforeMfa, isPublic } from '../../../access.js';
import type { Principal, SessionCredential } from '../../../request.js';
import { Factors } from '../factors.service.js';
import { StepUp } from './step-up.service.js';

/**
 * Requires a second factor in the session where the account must have one, and a fresh sign-in where a route asks for one.
 * Decides by the claims of the access token; queries only to explain a refusal.
 */
@Injectable()
export class MfaGuard implements CanActivate {
  constructor(
    private readonly factors: Factors,
    private readonly stepUp: StepUp,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { user, credential } = request;
    if (!user || credential?.kind !== 'session') return true; // other credentials are judged by their scopes
    if (this.lacksFactor(user, credential) && !isPublic(context) && !isBeforeMfa(context)) return this.refuse(user);
    const rule = freshRule(context);
    if (!rule || !applies(rule, request, user) || this.stepUp.isFresh(credential, user, rule)) return true;
    return this.askAgain(user, rule);
  }

  /** Whether the session lacks a required second factor: the user was made an admin, for example, after signing in. */
  private lacksFactor(user: Principal, { acr, amr }: SessionCredential): boolean {
    return acr !== 'aal2' && !amr.includes('rba') && this.factors.isMandatory(user);
  }

  private async refuse({ id }: Principal): Promise<never> {
    const account = await this.factors.find(id);
    if (account && this.factors.hasNone(account)) throw problem('mfa_enrollment_required');
    throw await this.stepUp.required(id, { aal2: true });
  }

  private async askAgain({ id }: Principal, rule: FreshRule): Promise<never> {
    throw await this.stepUp.required(id, rule);
  }
}

const applies = ({ ifMfa = false, when }: FreshRule, request: FastifyRequest, user: Principal) =>
  (!ifMfa || user.mfaEnabled) && (!when || when(request, user));

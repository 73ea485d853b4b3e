import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/audit.service.js';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { Problem, problem } from '../../problems.js';
import type { Origin } from '../../request.js';
import type { Account, Authentication } from '../sessions/authentication.js';
import { IdentityStore } from './identity-store.js';
import type { NewIdentity } from './identities.statements.js';
import { LinkTokens } from './link-tokens.js';
import type { Profile } from './profile.js';
import { ProviderEvents } from './provider-events.js';
import { ProviderLimits } from './provider-limits.js';
import { ProviderResults, type Redemption } from './provider-results.js';
import { Providers } from './providers.js';
import { ProviderSignUps } from './provider-sign-ups.js';

type Reason = 'inactive' | 'no_email' | 'sign_up_closed' | 'domain' | 'account_exists';

/** How often to start over when a concurrent request created the identity or account: the next try finds it. */
const TRIES = 3;

/** Signing in with a provider's profile: finds the linked account, or creates one. */
@Injectable()
export class ProviderSignIn {
  constructor(
    private readonly limits: ProviderLimits,
    private readonly results: ProviderResults,
    private readonly providers: Providers,
    private readonly identities: IdentityStore,
    private readonly signUps: ProviderSignUps,
    private readonly links: LinkTokens,
    private readonly audit: AuditService,
    private readonly events: ProviderEvents,
  ) {}

  /**
   * The account behind the code of a flow. The code is used up in any case.
   * @throws Problem 400 `invalid_grant`, `access_denied`, `account_exists`; 429
   */
  async authenticate(redemption: Redemption, origin: Origin): Promise<Authentication> {
    await this.limits.count('exchange', origin);
    const { provider: name, profile } = await this.results.redeem(redemption);
    const { settings } = this.providers.get(name);
    const account = await this.accountOf(settings, profile, origin);
    this.events.tell(name, 'success');
    return { account, amr: profile.hasMfa ? ['fed', 'mfa'] : ['fed'], when: new Date() };
  }

  private async accountOf(provider: ProviderSettings, profile: Profile, origin: Origin): Promise<Account> {
    const identity: NewIdentity = { provider: provider.name, ...profile };
    for (let tries = 1; ; tries++) {
      const known = await this.identities.use(identity);
      if (known?.isActive) return known;
      if (known) throw await this.refused(provider, { reason: 'inactive', userId: known.id }, origin);
      try {
        await this.makeKnown(provider, profile, origin);
      } catch (error) {
        const wasSlower = error instanceof Problem && ['identity_taken', 'email_taken'].includes(error.code);
        if (!wasSlower || tries === TRIES) throw error;
      }
    }
  }

  /** For an identity that isn't linked: links it to the account with its address, if that is safe, or creates an account. */
  private async makeKnown(provider: ProviderSettings, profile: Profile, origin: Origin): Promise<void> {
    const { email } = profile;
    if (email === null) throw await this.refused(provider, { reason: 'no_email' }, origin);
    const owner = await this.identities.findByEmail(email);
    if (!owner) return this.signUp(provider, { ...profile, email }, origin);
    const identity: NewIdentity = { provider: provider.name, ...profile };
    if (await this.identities.use(identity)) return; // the account was created for this very identity a moment ago
    if (provider.trustEmail && profile.isEmailVerified && owner.isVerified) {
      if (await this.identities.add({ identity, userId: owner.id, ifVerified: email }, origin)) return;
      throw await this.refused(provider, { reason: 'inactive', userId: owner.id }, origin);
    }
    // an account whose address was never verified may have been created by somebody else: nothing is linked to it
    const link_token = owner.isVerified ? this.links.sign({ identity, userId: owner.id }) : undefined;
    await this.tell(provider, { reason: 'account_exists', userId: owner.id }, origin);
    throw problem('account_exists', {
      detail: owner.isVerified
        ? undefined
        : 'There is an account with this e-mail address. Reset its password by mail to sign in.',
      members: link_token === undefined ? {} : { link_token },
      oauth: link_token === undefined ? {} : { link_token },
    });
  }

  private async signUp(
    provider: ProviderSettings,
    profile: Profile & { email: string },
    origin: Origin,
  ): Promise<void> {
    if (!provider.signUp) throw await this.refused(provider, { reason: 'sign_up_closed' }, origin);
    if (!isOfDomain(provider, profile)) throw await this.refused(provider, { reason: 'domain' }, origin);
    await this.signUps.signUp(provider.name, profile, origin);
  }

  private async refused(
    provider: ProviderSettings,
    why: { reason: Exclude<Reason, 'account_exists'>; userId?: string },
    origin: Origin,
  ): Promise<Problem> {
    await this.tell(provider, why, origin);
    return problem('access_denied', { detail: DETAILS[why.reason] });
  }

  private async tell(
    { name }: ProviderSettings,
    { reason, userId }: { reason: Reason; userId?: string },
    origin: Origin,
  ): Promise<void> {
    this.events.tell(name, 'refused');
    const details = { provider: name, reason };
    await this.audit.record({ action: 'login', outcome: 'failure', userId, details }, origin);
  }
}

const DETAILS: Record<Exclude<Reason, 'account_exists'>, string> = {
  inactive: 'This account may not sign in.',
  no_email: 'The provider gave no e-mail address, and an account needs one.',
  sign_up_closed: 'No account is linked to this identity, and this server creates none for it.',
  domain: 'New accounts are only for verified addresses of certain domains.',
};

/** Unverified addresses don't count as of a domain. */
function isOfDomain({ allowedDomains }: ProviderSettings, { email, isEmailVerified }: Profile & { email: string }) {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return allowedDomains.length === 0 || (isEmailVerified && allowedDomains.includes(domain));
}

import { Injectable } from '@nestjs/common';
import { forbidden, invalidMember, notFound, problem, validationFailed } from '../../problems.js';
import type { Call } from '../../request.js';
import { UsersService } from '../../users/users.service.js';
import { IdentityStore } from './identity-store.js';
import type { NewIdentity } from './identities.statements.js';
import { LinkTokens } from './link-tokens.js';
import { ProviderLimits } from './provider-limits.js';
import { ProviderResults } from './provider-results.js';
import { type IdentityDto, type IdentityListDto, type LinkIdentityDto, toIdentityDto } from './providers.dto.js';

const CODE_MEMBERS = ['code', 'code_verifier', 'redirect_uri'] as const;

/** Linked accounts at providers. */
@Injectable()
export class IdentitiesService {
  constructor(
    private readonly store: IdentityStore,
    private readonly users: UsersService,
    private readonly results: ProviderResults,
    private readonly links: LinkTokens,
    private readonly limits: ProviderLimits,
  ) {}

  list(call: Call): Promise<IdentityListDto> {
    return this.listOf(call.me.id, call);
  }

  /** The identities of any user, for admins. @throws Problem 404 */
  async listOf(userId: string, { me }: Call): Promise<IdentityListDto> {
    if (userId !== me.id && !(await this.users.findById(userId))) throw notFound('user');
    return { items: (await this.store.list(userId)).map(toIdentityDto) };
  }

  /** Links the identity behind a code or a link token. @throws Problem 400 `invalid_grant`, 403, 409 `identity_taken`, 422, 429 */
  async link(dto: LinkIdentityDto, call: Call): Promise<IdentityDto> {
    const identity = dto.link_token === undefined ? await this.redeem(dto, call) : this.read(dto, call);
    const row = await this.store.add({ identity, userId: call.me.id }, call);
    if (!row) throw problem('invalid_token'); // the account was deactivated meanwhile
    return toIdentityDto(row);
  }

  /** @param of the owner's id, when an admin unlinks @throws Problem 404, 409 `last_sign_in_method` */
  unlink(id: string, call: Call, of = call.me.id): Promise<void> {
    return this.store.remove({ id, userId: of }, call);
  }

  private async redeem(dto: LinkIdentityDto, call: Call): Promise<NewIdentity> {
    const missing = CODE_MEMBERS.filter((name) => dto[name] === undefined);
    if (missing.length) {
      throw validationFailed(missing.map((name) => ({ pointer: `/${name}`, code: 'required', detail: 'is missing' })));
    }
    await this.limits.count('exchange', call);
    const { provider, profile } = await this.results.redeem(dto as Required<LinkIdentityDto>);
    return { provider, ...profile };
  }

  private read(dto: LinkIdentityDto & { link_token?: string }, { me }: Call): NewIdentity {
    const other = CODE_MEMBERS.find((name) => dto[name] !== undefined);
    if (other) throw invalidMember(`/${other}`, 'either_or', 'must not come together with link_token');
    const link = this.links.read(dto.link_token ?? '');
    if (!link) throw problem('invalid_grant');
    if (link.userId !== me.id) throw forbidden('This link token is for another account: sign in to that one.');
    return link.identity;
  }
}

import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../audit/audit.service.js';
import { Database } from '../../database/database.js';
import { hours } from '../../config/durations.js';
import { removalJob } from '../../outbox/removal-job.js';
import { Scheduler } from '../../outbox/scheduler.js';
import { Mails } from '../../mail/mails.js';
import { conflict, fieldForbidden, forbidden, notFound } from '../../problems.js';
import type { Call, Origin, Principal, Scope } from '../../request.js';
import { CredentialTables } from '../../users/credential-tables.js';
import { UsersService } from '../../users/users.service.js';
import { BearerTokens } from '../sessions/bearer-tokens.js';
import type { SignedIn } from '../sessions/session-store.js';
import { digestOf, hintOf, isToken, makeToken, TOKEN_PREFIX } from './token-format.js';
import { type AccessTokenListDto, type AccessTokenRow, type CreateTokenDto, type NewAccessTokenDto, toAccessTokenDto } from './tokens.dto.js'; // prettier-ignore
import * as sql from './tokens.statements.js';

const MOST_TOKENS = 100; // per account

type Found = Principal & { tokenId: string; scopes: Scope[]; isDue: boolean };

/** Personal access tokens, and tokens of service accounts. */
@Injectable()
export class TokensService implements OnModuleInit {
  private readonly log = new Logger('Tokens');
  private readonly create;
  private readonly revoke;
  private readonly warn;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly users: UsersService,
    private readonly bearers: BearerTokens,
    private readonly mails: Mails,
    private readonly tables: CredentialTables,
    private readonly scheduler: Scheduler,
  ) {
    const parts = {
      from: 'change c JOIN users u ON u.id = c."userId"',
      to: 'u.email',
      userId: 'u.id',
      locale: 'u.locale',
    };
    const data = `jsonb_build_object('username', u.username, 'name', c.name)`;
    this.create = sql.create(mails.insert('token_created', { ...parts, data }));
    this.revoke = sql.revoke(mails.insert('token_revoked', { ...parts, data }));
    this.warn = sql.warn(
      mails.insert('token_expiring', {
        ...parts,
        data: `${data} || jsonb_build_object('expires_at', to_char(c."expiresAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))`,
      }),
    );
  }

  onModuleInit(): void {
    this.bearers.register(TOKEN_PREFIX, (token, origin, account) => this.find(token, origin, account));
    this.tables.register('access_tokens', ['reset', 'reclaim', 'deletion']);
    this.scheduler.register(removalJob('old_access_tokens', () => this.purge()));
    this.scheduler.register({ name: 'expiring_access_tokens', every: hours(1), run: () => this.warnOfExpiry() });
  }

  /** Creates a token for the caller. @throws Problem 403 on `admin` by who isn't one, 409 when there are too many */
  createOwn(dto: CreateTokenDto, call: Call): Promise<NewAccessTokenDto> {
    if (dto.scopes.includes('admin') && call.me.role !== 'admin') throw fieldForbidden('/scopes');
    return this.make(call.me.id, dto, call);
  }

  /** Creates a token for a service account, as an admin. @throws Problem 403 for a person's, 404, 409 */
  async createFor(userId: string, dto: CreateTokenDto, call: Call): Promise<NewAccessTokenDto> {
    const user = await this.users.findById(userId);
    if (!user || user.deletedAt) throw notFound('user');
    if (user.kind !== 'service') throw forbidden('Only its owner can create tokens for a person’s account.');
    if (dto.scopes.includes('admin') && user.role !== 'admin') throw fieldForbidden('/scopes');
    return this.make(userId, dto, call);
  }

  /** The caller's tokens. */
  listOwn({ me }: Call): Promise<AccessTokenListDto> {
    return this.listOf(me.id);
  }

  /** A user's tokens, as an admin. @throws Problem 404 */
  async list(userId: string): Promise<AccessTokenListDto> {
    if (!(await this.users.findById(userId))) throw notFound('user');
    return this.listOf(userId);
  }

  /** Revokes one of the caller's tokens. @throws Problem 404 */
  revokeOwn(tokenId: string, call: Call): Promise<void> {
    return this.end(call.me.id, tokenId, call);
  }

  /** Revokes one token of a user, or all of them, as an admin. @throws Problem 404 */
  async revokeOf(userId: string, tokenId: string | null, call: Call): Promise<void> {
    if (!(await this.users.findById(userId))) throw notFound('user');
    await this.end(userId, tokenId, call);
  }

  /** Mails owners of tokens that expire within a week, 500 at most. */
  async warnOfExpiry(): Promise<void> {
    const warned = await this.database.write(this.warn, []);
    if (warned.length) this.mails.wake();
  }

  /** Deletes tokens that expired long ago, a thousand at most. Returns how many. */
  async purge(): Promise<number> {
    return (await this.database.write(sql.PURGE, [])).length;
  }

  /** The owner of a token; null when it is invalid. */
  private async find(token: string, origin: Origin, account: boolean): Promise<SignedIn | null> {
    if (!isToken(token)) return null;
    const [found] = await this.database.lookUp<Found>(account ? sql.FIND_ACCOUNT : sql.FIND, [digestOf(token)]);
    if (!found) return null;
    const { tokenId, scopes, isDue, ...owner } = found;
    if (isDue) this.touch(tokenId, origin);
    const role = scopes.includes('admin') ? owner.role : 'user';
    return {
      me: { ...owner, role, ownRole: owner.role } as Principal,
      credential: { kind: 'token', tokenId, scopes, ownerRole: owner.role },
    };
  }

  /** Not awaited: the request neither waits for it nor fails with it. */
  private touch(tokenId: string, { ip }: Origin): void {
    this.database.write(sql.TOUCH, [tokenId, ip || null]).catch((error: unknown) => {
      this.log.warn({ event: 'token_use_not_noted', token_id: tokenId, reason: (error as Error).message });
    });
  }

  private async make(userId: string, dto: CreateTokenDto, call: Call): Promise<NewAccessTokenDto> {
    const { name, scopes, expires_in_days } = dto;
    const token = makeToken();
    const values = [userId, uuidv7(), digestOf(token), name, hintOf(token), scopes, expires_in_days, MOST_TOKENS];
    const [row] = await this.audit.write<AccessTokenRow>(this.create, values, call);
    if (!row) throw conflict(`An account has ${MOST_TOKENS} tokens at most. Revoke one first.`);
    this.mails.wake();
    return { ...toAccessTokenDto(row), token };
  }

  private async listOf(userId: string): Promise<AccessTokenListDto> {
    const rows = await this.database.read<AccessTokenRow>(sql.LIST, [userId]);
    return { items: rows.map(toAccessTokenDto) };
  }

  private async end(userId: string, tokenId: string | null, call: Call): Promise<void> {
    const revoked = await this.audit.write(this.revoke, [userId, tokenId], call);
    if (tokenId && !revoked.length) throw notFound('token');
    if (revoked.length) this.mails.wake();
  }
}

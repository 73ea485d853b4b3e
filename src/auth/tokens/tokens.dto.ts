import { IsArray, ArrayMaxSize, ArrayMinSize, ArrayUnique, IsIn } from 'class-validator';
import { Length, NotBlank, OneLine, Optional, WholeNumber } from '../../http/fields.js';
import { type Scope, SCOPES } from '../../request.js';
import type { AccessToken } from './access-token.entity.js';

/** A new token for a program. */
export class CreateTokenDto {
  /** What it is for. @example "nightly report" */
  @Length(1, 100)
  @OneLine()
  @NotBlank()
  name: string;

  /** Its scopes. `admin` adds an admin's permissions to the others. @example ["users:read"] */
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name at least one scope' })
  @ArrayMaxSize(SCOPES.length, { message: `must name at most ${SCOPES.length} scopes` })
  @ArrayUnique({ message: 'must name each scope once' })
  @IsIn(SCOPES, { each: true, message: `must be of: ${SCOPES.join(', ')}` })
  scopes: Scope[];

  /** Days until it expires, 1 to 365. */
  @Optional()
  @WholeNumber(1, 365)
  expires_in_days: number = 90;
}

/** A token as its owner sees it later: never the token itself. */
export class AccessTokenDto {
  id: string;
  /** @example "nightly report" */
  name: string;
  scopes: Scope[];
  /** Its prefix and last characters. @example "uhp_…Q7kd" */
  hint: string;
  created_at: Date;
  expires_at: Date;
  /** Accurate to five minutes. */
  last_used_at: Date | null;
}

/** A new token. It is shown only now. */
export class NewAccessTokenDto extends AccessTokenDto {
  /** Sent as `Authorization: Bearer`. @example "uhp_0123456789ABCDEFGHIJKLMNOPQRST0aBcDe" */
  token: string;
}

/** The tokens of an account, newest first. */
export class AccessTokenListDto {
  items: AccessTokenDto[];
}

export type AccessTokenRow = Omit<AccessToken, 'hash' | 'user' | 'lastUsedIp' | 'warnedAt'>;

/** The token as its owner, or an admin, may see it. */
export const toAccessTokenDto = (token: AccessTokenRow): AccessTokenDto => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes,
  hint: token.hint,
  created_at: token.createdAt,
  expires_at: token.expiresAt,
  last_used_at: token.lastUsedAt,
});

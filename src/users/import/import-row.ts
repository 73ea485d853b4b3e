import { IsBoolean, IsString } from 'class-validator';
import { OneOf, Optional, Rule, Time, isUuid } from '../../http/fields.js';
import { type Role, ROLES } from '../../request.js';
import { DisplayName, Email, Locale, Username } from '../user-fields.js';

/** A row of an import: an account as another system had it. */
export class ImportRowDto {
  @Email()
  email: string;

  /** Derived from the address unless said. */
  @Optional()
  @Username()
  username?: string;

  @DisplayName()
  display_name?: string | null;

  /** In a spelling of the system that made it. */
  @Optional()
  @IsString({ message: 'must be a string' })
  password_hash?: string;

  /** Where the spelling alone doesn't tell. */
  @Optional()
  @OneOf(['better-auth'])
  hash_type?: string;

  @Optional()
  @IsString({ message: 'must be a string' })
  password?: string;

  /** Whether to invite the person instead of making the account. */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  invite?: boolean;

  @Optional()
  @OneOf(ROLES)
  role?: Role;

  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  is_active?: boolean;

  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  email_verified?: boolean;

  @Optional()
  @Time()
  created_at?: string;

  @Locale()
  locale?: string | null;

  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
  id?: string;
}

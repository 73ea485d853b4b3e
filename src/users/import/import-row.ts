import { BooleanField, isUuid, OneOf, Optional, Rule, StringField, Time } from '../../http/fields.js';
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
  @StringField()
  password_hash?: string;

  /** Where the spelling alone doesn't tell. */
  @Optional()
  @OneOf(['better-auth'])
  hash_type?: string;

  @Optional()
  @StringField()
  password?: string;

  /** Whether to invite the person instead of making the account. */
  @Optional()
  @BooleanField()
  invite?: boolean;

  @Optional()
  @OneOf(ROLES)
  role?: Role;

  @Optional()
  @BooleanField()
  is_active?: boolean;

  @Optional()
  @BooleanField()
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

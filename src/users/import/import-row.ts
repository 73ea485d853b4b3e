import { OmitType } from '@nestjs/swagger';
import { BooleanField, isUuid, OneOf, Optional, Rule, StringField, Time } from '../../http/fields.js';
import { Email, Username } from '../user-fields.js';
import { AccountFieldsDto } from '../user-requests.dto.js';

/** A row of an import: an account as another system had it. */
export class ImportRowDto extends OmitType(AccountFieldsDto, ['profile_picture_url']) {
  @Email()
  email: string;

  /** Derived from the address unless said. */
  @Optional()
  @Username()
  username?: string;

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
  @Time()
  created_at?: string;

  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
  id?: string;
}

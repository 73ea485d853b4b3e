import { applyDecorators } from '@nestjs/common';
import { Length, NotBlank, OneLine, Optional } from '../../../http/fields.js';
import type { PasskeyRow } from './passkeys.statements.js';
import { Assertion, AssertionDto, Registration, RegistrationDto } from './webauthn-credentials.dto.js';

const PasskeyName = () => applyDecorators(Length(1, 100), NotBlank(), OneLine());

/** A new passkey. */
export class AddPasskeyDto {
  /** The result of `navigator.credentials.create`: its `toJSON()`. */
  @Registration()
  credential: RegistrationDto;

  /** A name chosen by its owner. @example "My phone" */
  @Optional()
  @PasskeyName()
  name?: string;
}

/** A new name for a passkey. */
export class RenamePasskeyDto {
  /** @example "My old phone" */
  @PasskeyName()
  name: string;
}

/** An assertion: the challenge, signed by a passkey. */
export class PasskeySignInDto {
  /** The result of `navigator.credentials.get`: its `toJSON()`. */
  @Assertion()
  credential: AssertionDto;
}

/** A passkey, as its owner sees it. */
export class PasskeyDto {
  /** The id of this row; not the WebAuthn credential id. */
  id: string;
  /** @example "My phone" */
  name: string;
  created_at: Date;
  last_used_at: Date | null;
  /** Whether it is synced to other devices. */
  backed_up: boolean;
  /** Whether it is bound to its device and can't be synced. */
  device_bound: boolean;
  /** Whether it can sign in without a username; null when the browser didn't say. @example true */
  discoverable: boolean | null;
  /** How browsers reach the authenticator. @example ["internal", "hybrid"] */
  transports: string[];
}

/** The arguments of `PublicKeyCredential.signalAllAcceptedCredentials`, in snake_case. */
export class PasskeySignalDto {
  /** @example "example.com" */
  rp_id: string;
  /** @example "AZqyVqzGd0u8zrMCCZqAVw" */
  user_id: string;
  /** @example ["8GWY_u0YQ0m7yBqHrgF_Gg"] */
  accepted_credential_ids: string[];
}

/** One's own passkeys. */
export class PasskeyListDto {
  items: PasskeyDto[];
  signal: PasskeySignalDto;
}

/** The passkey as its owner may see it. */
export function toPasskeyDto(row: PasskeyRow): PasskeyDto {
  return {
    id: row.id,
    name: row.name,
    created_at: row.createdAt,
    last_used_at: row.lastUsedAt,
    backed_up: row.backedUp,
    device_bound: !row.backupEligible,
    discoverable: row.discoverable,
    transports: row.transports,
  };
}

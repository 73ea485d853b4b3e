import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { Length, NotBlank, OneLine, Optional } from '../../../http/fields.js';
import type { PasskeyRow } from './passkeys.statements.js';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasTexts = (value: Json, names: string[]) => names.every((name) => typeof value[name] === 'string');

const CREDENTIAL = ['id', 'rawId', 'type'];

/** The result of `navigator.credentials.create` as JSON; its content is verified later. */
const Registration = () =>
  Credential('must be a RegistrationResponseJSON', ({ response }) => {
    if (!isObject(response) || !hasTexts(response, ['clientDataJSON', 'attestationObject'])) return false;
    const { transports = [] } = response;
    return Array.isArray(transports) && transports.every((one) => typeof one === 'string');
  });

/** The result of `navigator.credentials.get` as JSON. */
export const Assertion = () =>
  Credential('must be an AuthenticationResponseJSON', ({ response }) => {
    if (!isObject(response) || !hasTexts(response, ['clientDataJSON', 'authenticatorData', 'signature'])) return false;
    return response['userHandle'] == null || typeof response['userHandle'] === 'string';
  });

const Credential = (detail: string, holds: (credential: Json) => boolean): PropertyDecorator =>
  ValidateBy({
    name: 'credential',
    validator: {
      validate: (value) => isObject(value) && hasTexts(value, CREDENTIAL) && holds(value),
      defaultMessage: () => detail,
    },
  });

const PasskeyName = () => applyDecorators(Length(1, 100), NotBlank(), OneLine());

/** The authenticator's response to a registration. */
export class AttestationResponseDto {
  /** Base64url. @example "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoi…" */
  clientDataJSON: string;
  /** Base64url. @example "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVik…" */
  attestationObject: string;
  /** @example ["internal", "hybrid"] */
  transports?: string[];
}

/** A credential that was just made (WebAuthn `RegistrationResponseJSON`). */
export class RegistrationDto {
  /** @example "8GWY_u0YQ0m7yBqHrgF_Gg" */
  id: string;
  /** @example "8GWY_u0YQ0m7yBqHrgF_Gg" */
  rawId: string;
  /** @example "public-key" */
  type: string;
  response: AttestationResponseDto;
  /** @example { "credProps": { "rk": true } } */
  clientExtensionResults?: object;
  /** @example "platform" */
  authenticatorAttachment?: string | null;
}

/** The authenticator's response to a challenge. */
export class AssertionResponseDto {
  /** Base64url. @example "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoi…" */
  clientDataJSON: string;
  /** Base64url. @example "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ" */
  authenticatorData: string;
  /** Base64url. @example "MEUCIQDx7N…" */
  signature: string;
  /** Base64url: the bytes of the user's id. @example "AZqyVqzGd0u8zrMCCZqAVw" */
  userHandle?: string | null;
}

/** A signature by a passkey (WebAuthn `AuthenticationResponseJSON`). */
export class AssertionDto {
  /** @example "8GWY_u0YQ0m7yBqHrgF_Gg" */
  id: string;
  /** @example "8GWY_u0YQ0m7yBqHrgF_Gg" */
  rawId: string;
  /** @example "public-key" */
  type: string;
  response: AssertionResponseDto;
  /** @example {} */
  clientExtensionResults?: object;
  /** @example "platform" */
  authenticatorAttachment?: string | null;
}

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

/** A credential, as the browser needs to know it. */
export class CredentialDescriptorDto {
  /** @example "8GWY_u0YQ0m7yBqHrgF_Gg" */
  id: string;
  type: 'public-key';
  /** @example ["internal"] */
  transports?: string[];
}

/** An algorithm that a passkey may use. */
export class CredentialParametersDto {
  type: 'public-key';
  /** @example -7 */
  alg: number;
}

/** The site that a passkey is for. */
export class RelyingPartyDto {
  /** @example "example.com" */
  id: string;
  /** @example "UserHub" */
  name: string;
}

/** The user that a passkey is for. */
export class PasskeyUserDto {
  /** Base64url: the bytes of the user's id. @example "AZqyVqzGd0u8zrMCCZqAVw" */
  id: string;
  /** @example "ada@example.com" */
  name: string;
  /** @example "Ada Lovelace" */
  displayName: string;
}

/** Requirements on the authenticator. */
export class AuthenticatorSelectionDto {
  residentKey: 'preferred';
  requireResidentKey: boolean;
  userVerification: 'preferred';
}

/** WebAuthn extensions that are requested. */
export class CreationExtensionsDto {
  credProps: boolean;
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON` (WebAuthn `PublicKeyCredentialCreationOptionsJSON`). */
export class CreationOptionsDto {
  rp: RelyingPartyDto;
  user: PasskeyUserDto;
  /** Base64url; good for 5 minutes. @example "AZqyVqzGd0u8zrMCCZqAV2Jrb3Blc…" */
  challenge: string;
  pubKeyCredParams: CredentialParametersDto[];
  /** Milliseconds. @example 300000 */
  timeout: number;
  excludeCredentials: CredentialDescriptorDto[];
  authenticatorSelection: AuthenticatorSelectionDto;
  attestation: 'none';
  extensions: CreationExtensionsDto;
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON` (WebAuthn `PublicKeyCredentialRequestOptionsJSON`). */
export class RequestOptionsDto {
  /** Base64url; good for 5 minutes. @example "AZqyVqzGd0u8zrMCCZqAV2Jrb3Blc…" */
  challenge: string;
  /** @example "example.com" */
  rpId: string;
  /** Milliseconds. @example 300000 */
  timeout: number;
  userVerification: 'required' | 'preferred';
  /** The passkeys of the account; left out when the account isn't known yet. */
  allowCredentials?: CredentialDescriptorDto[];
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

import { ValidateBy } from 'class-validator';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasTexts = (value: Json, names: string[]) => names.every((name) => typeof value[name] === 'string');

const CREDENTIAL = ['id', 'rawId', 'type'];

/** The result of `navigator.credentials.create` as JSON; its content is verified later. */
export const Registration = () =>
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

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

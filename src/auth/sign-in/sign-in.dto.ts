import { Optional, StringField } from '../../http/fields.js';

/**
 * What OAuth clients send (RFC 6749 sections 4.3 and 6).
 * @bodies grant_type, username, password | grant_type=refresh_token, refresh_token | grant_type=authorization_code, code, code_verifier, redirect_uri
 */
export class TokenDto {
  /** `password` by default; or `refresh_token`, `authorization_code`, or `urn:userhub:grant:mfa`. @example "password" */
  @Optional()
  @StringField()
  grant_type?: string;

  /** An e-mail address or a username. @example "ada@example.com" */
  @Optional()
  @StringField()
  username?: string;

  /** @example "correct horse battery" */
  @Optional()
  @StringField()
  password?: string;

  /** For the grant type `refresh_token`. */
  @Optional()
  @StringField()
  refresh_token?: string;

  /** A second factor along with the password: a code of the authenticator app, or a recovery code. @example "492039" */
  @Optional()
  @StringField()
  otp?: string;

  /** The token of a remembered device: replaces the second factor. @example "dt_AZqy…" */
  @Optional()
  @StringField()
  device_token?: string;

  /** For the grant type `urn:userhub:grant:mfa`: the `mfa_token` of the first step. @example "mt_AZqy…" */
  @Optional()
  @StringField()
  mfa_token?: string;

  /** For the grant type `authorization_code`: the code of the provider flow. @example "pc_…" */
  @Optional()
  @StringField()
  code?: string;

  /** The verifier that the flow's `code_challenge` is the digest of (RFC 7636). @example "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" */
  @Optional()
  @StringField()
  code_verifier?: string;

  /** The one that the flow was started with. @example "https://app.example.com/signed-in" */
  @Optional()
  @StringField()
  redirect_uri?: string;

  /** Ignored: there are no scopes. */
  @Optional()
  @StringField()
  scope?: string;
}

/** Either an e-mail address or a username, and the password. @bodies email, password | username=ada, password */
export class LoginDto extends TokenDto {
  /** @example "ada@example.com" */
  @Optional()
  @StringField()
  email?: string;
}

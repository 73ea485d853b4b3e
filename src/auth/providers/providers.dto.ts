import { Length, OneLine, OneOf, Optional, Rule, StringField } from '../../http/fields.js';
import type { IdentityRow } from './identity-store.js';

/** A provider to sign in with. */
export class ProviderDto {
  /** Its name in URLs. @example "google" */
  name: string;
  /** Its name for people. @example "Google" */
  label: string;
}

/** The configured providers. */
export class ProviderListDto {
  items: ProviderDto[];
}

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** An authorization request of a front end (RFC 6749 and 7636). Other parameters are ignored, as OAuth requires. */
export class AuthorizeQuery {
  static readonly ignoresUnknown = true;

  /** @example "code" */
  @OneOf(['code'])
  response_type: string;

  /** One of OAUTH_REDIRECT_URIS, exactly. @example "https://app.example.com/signed-in" */
  @Length(1, 2000)
  redirect_uri: string;

  /** SHA-256 of a `code_verifier` that the front end keeps, in base64url. @example "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" */
  @Rule('code_challenge', 'must be a SHA-256 digest in base64url: 43 characters', (text) => CHALLENGE.test(text), {
    pattern: CHALLENGE.source,
  })
  code_challenge: string;

  /** @example "S256" */
  @OneOf(['S256'])
  code_challenge_method: string;

  /** Returned unchanged. @example "af0ifjsldkj" */
  @Optional()
  @Length(0, 1000)
  state?: string;

  /** An address or a name at the provider, to prefill its form. @example "ada@example.com" */
  @Optional()
  @Length(0, 254)
  @OneLine()
  login_hint?: string;

  /** Ignored: to link, redeem the code at {linkIdentity}. @example "lt_AZqy…" */
  @Optional()
  @StringField()
  link_token?: string;
}

/** The parameters of a provider's callback. */
export class CallbackQuery {
  static readonly ignoresUnknown = true;

  /** The provider's authorization code. @example "4/0AeanS0…" */
  @Optional()
  @StringField()
  code?: string;

  /** The `state` of the authorization request. @example "AZqy…" */
  @Optional()
  @StringField()
  state?: string;

  /** The provider's error. @example "access_denied" */
  @Optional()
  @StringField()
  error?: string;

  /** The issuer (RFC 9207). @example "https://accounts.google.com" */
  @Optional()
  @StringField()
  iss?: string;
}

/** The same as a form, as Apple sends it. @bodies code, state | state, error */
export class CallbackForm extends CallbackQuery {
  /** The person's name, on the first sign-in only. @example "{\"name\":{\"firstName\":\"Ada\"}}" */
  @Optional()
  @StringField()
  user?: string;
}

/**
 * An account at a provider to link: the code of a flow with its verifier, or the `link_token` of an `account_exists`.
 * @bodies code, code_verifier, redirect_uri | link_token
 */
export class LinkIdentityDto {
  /** The code that `redirect_uri` was called with. @example "pc_…" */
  @Optional()
  @StringField()
  code?: string;

  /** The verifier that the flow's `code_challenge` is the digest of. @example "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" */
  @Optional()
  @Rule('code_verifier', 'must have 43 to 128 letters, digits, ., _, ~ or -', (text) => VERIFIER.test(text), {
    pattern: VERIFIER.source,
  })
  code_verifier?: string;

  /** The one that the flow was started with. @example "https://app.example.com/profile" */
  @Optional()
  @StringField()
  redirect_uri?: string;

  /** From an `account_exists`. @example "lt_…" */
  @Optional()
  @StringField()
  link_token?: string;
}

/** A linked account at a provider. */
export class IdentityDto {
  id: string;
  /** @example "google" */
  provider: string;
  /** The provider's latest address, which may differ from that of the account here. @example "ada@gmail.com" */
  email: string | null;
  created_at: Date;
  /** The last sign-in with it. */
  last_used_at: Date | null;
}

/** Linked accounts, oldest first. */
export class IdentityListDto {
  items: IdentityDto[];
}

/** The identity as its owner sees it. */
export const toIdentityDto = ({ id, provider, email, createdAt, lastUsedAt }: IdentityRow): IdentityDto => ({
  id,
  provider,
  email,
  created_at: createdAt,
  last_used_at: lastUsedAt,
});

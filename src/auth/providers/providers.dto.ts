import { Length, OneLine, OneOf, Optional, Rule, StringField } from '../../http/fields.js';
import type { IdentityRow } from './identity-store.js';

/** A provider to sign in with. */
export class ProviderDto {
  /** As it stands in addresses. @example "google" */
  name: string;
  /** For a button. @example "Google" */
  label: string;
}

/** The providers that are set up. */
export class ProviderListDto {
  items: ProviderDto[];
}

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** What a front end sends somebody off with (RFC 6749 and 7636). What else there is, is ignored, as OAuth says. */
export class AuthorizeQuery {
  static readonly ignoresUnknown = true;

  /** @example "code" */
  @OneOf(['code'])
  response_type: string;

  /** Where to come back to: one of OAUTH_REDIRECT_URIS, exactly. @example "https://app.example.com/signed-in" */
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

  /** Comes back as it is. @example "af0ifjsldkj" */
  @Optional()
  @Length(0, 1000)
  state?: string;

  /** Who it probably is: an address or a name at the provider. @example "ada@example.com" */
  @Optional()
  @Length(0, 254)
  @OneLine()
  login_hint?: string;

  /** Ignored: to link, redeem the code at {linkIdentity}. @example "lt_AZqy…" */
  @Optional()
  @StringField()
  link_token?: string;
}

/** What a provider sends somebody back with. */
export class CallbackQuery {
  static readonly ignoresUnknown = true;

  /** The provider's own code. @example "4/0AeanS0…" */
  @Optional()
  @StringField()
  code?: string;

  /** As the provider was given it. @example "AZqy…" */
  @Optional()
  @StringField()
  state?: string;

  /** What went wrong. @example "access_denied" */
  @Optional()
  @StringField()
  error?: string;

  /** Who sends them (RFC 9207). @example "https://accounts.google.com" */
  @Optional()
  @StringField()
  iss?: string;
}

/** The same as a form, as Apple sends it. */
export class CallbackForm extends CallbackQuery {
  /** The person's name, the first time. @example "{\"name\":{\"firstName\":\"Ada\"}}" */
  @Optional()
  @StringField()
  user?: string;
}

/** An account at a provider to link: the code of a flow with its verifier, or the token of one that found one's address here. */
export class LinkIdentityDto {
  /** As it came to `redirect_uri`. @example "pc_…" */
  @Optional()
  @StringField()
  code?: string;

  /** What the flow's `code_challenge` is the digest of. @example "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" */
  @Optional()
  @Rule('code_verifier', 'must have 43 to 128 letters, digits, ., _, ~ or -', (text) => VERIFIER.test(text), {
    pattern: VERIFIER.source,
  })
  code_verifier?: string;

  /** As the flow began with. @example "https://app.example.com/profile" */
  @Optional()
  @StringField()
  redirect_uri?: string;

  /** Of an `account_exists`. @example "lt_…" */
  @Optional()
  @StringField()
  link_token?: string;
}

/** An account at a provider that opens one's account. */
export class IdentityDto {
  id: string;
  /** @example "google" */
  provider: string;
  /** As the provider said it last; one's address here may be another. @example "ada@gmail.com" */
  email: string | null;
  created_at: Date;
  /** When it last signed in. */
  last_used_at: Date | null;
}

/** Linked accounts, the oldest first. */
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

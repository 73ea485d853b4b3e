import type { ProviderSettings } from '../../config/provider-settings.js';
import { httpUrl } from '../../http/http-url.js';
import { normalizeEmail } from '../../users/emails.js';
import { canonicalLocale } from '../../users/locales.js';

/** A person as a provider describes them. Only issuer and subject identify: addresses change owners. */
export interface Profile {
  issuer: string;
  subject: string;
  /** Normalized; null when there is none, or an invalid one. */
  email: string | null;
  /** Whether the provider is authoritative for the address. */
  isEmailVerified: boolean;
  name: string | null;
  /** The username at the provider. */
  username: string | null;
  pictureUrl: string | null;
  locale: string | null;
  /** Whether they used a second factor there and the settings accept that. */
  hasMfa: boolean;
}

/** Claims of an ID token or of the userinfo endpoint. */
export type Claims = Record<string, unknown>;

/**
 * Reads the claims that are used.
 * @param claims of the ID token
 * @param more of the userinfo endpoint: address and `email_verified` are taken from the same source
 */
export function profileOf(provider: ProviderSettings, claims: Claims, more: Claims = {}): Profile {
  const said = (name: string) => textOf(claims[name]) ?? textOf(more[name]);
  const source = textOf(claims['email']) === null ? more : claims;
  const email = normalizeEmail(textOf(source['email']) ?? '');
  const amr = claims['amr'];
  const picture = said('picture');
  const locale = said('locale');
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    email,
    isEmailVerified: email !== null && isVerified(provider, email, { ...source, hd: claims['hd'], xms_edov: claims['xms_edov'] }), // prettier-ignore
    name: displayName(said('name') ?? joined(said('given_name'), said('family_name'))),
    username: said('preferred_username'),
    pictureUrl: picture === null ? null : httpUrl(picture),
    locale: locale === null ? null : canonicalLocale(locale),
    hasMfa: provider.trustMfa && Array.isArray(amr) && amr.includes('mfa'),
  };
}

/** Whether a provider is authoritative for an address; most set `email_verified` for addresses of other domains too. */
function isVerified(
  { type, trustEmail }: ProviderSettings,
  email: string,
  { email_verified, hd, xms_edov }: Claims,
): boolean {
  switch (type) {
    case 'google': // for other domains Google only knows that the address once was the person's
      return email_verified === true && (textOf(hd) !== null || email.endsWith('@gmail.com'));
    case 'microsoft': // any tenant's admin may write any address into `email`
      return xms_edov === true;
    case 'apple':
      return email_verified === true || email_verified === 'true';
    case 'oidc':
      return trustEmail && email_verified === true;
    case 'github':
      return email_verified === true;
    default:
      return type satisfies never;
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value : null);

const joined = (...words: (string | null)[]) => words.filter((word) => word !== null).join(' ') || null;

const NOT_IN_A_NAME = /[\p{Cc}\p{Zl}\p{Zp}\u200b\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** A display name: one line of at most 100 characters; null when nothing is left. */
function displayName(text: string | null): string | null {
  const [...characters] = (text ?? '').replace(NOT_IN_A_NAME, '').trim();
  const name = characters.slice(0, 100).join('').trim();
  return /[^\s\p{Default_Ignorable_Code_Point}\u2800]/u.test(name) ? name : null;
}

/** The name in Apple's form, sent on the first sign-in only. It passes through the browser, so it isn't trusted. */
export function nameInForm(user: string | undefined): string | null {
  if (user === undefined || user.length > 2000) return null;
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } };
    return displayName(joined(textOf(name?.firstName), textOf(name?.lastName)));
  } catch {
    return null;
  }
}

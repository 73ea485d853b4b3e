import type { ProviderSettings } from '../../config/provider-settings.js';
import { httpUrl } from '../../http/http-url.js';
import { normalizeEmail } from '../../users/emails.js';
import { canonicalLocale } from '../../users/locales.js';

/** Who somebody is to a provider. Only issuer and subject tell one from another: addresses change hands. */
export interface Profile {
  issuer: string;
  subject: string;
  /** In the form in which addresses are kept; null when there is none that could be kept. */
  email: string | null;
  /** Whether the provider's word for it counts. */
  isEmailVerified: boolean;
  name: string | null;
  /** What they call themselves there. */
  username: string | null;
  pictureUrl: string | null;
  locale: string | null;
  /** Whether they showed a second factor there, and that counts. */
  hasMfa: boolean;
}

/** What an ID token or the userinfo endpoint says. */
export type Claims = Record<string, unknown>;

/**
 * What of a provider's claims counts.
 * @param claims of the ID token
 * @param more of the userinfo endpoint: address and verification are taken from the same of both
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

/** Whether a provider answers for the address; most say `email_verified` of addresses that others own. */
function isVerified(
  { type, trustEmail }: ProviderSettings,
  email: string,
  { email_verified, hd, xms_edov }: Claims,
): boolean {
  switch (type) {
    case 'google': // of other addresses it only knows that they once were the person's
      return email_verified === true && (textOf(hd) !== null || email.endsWith('@gmail.com'));
    case 'microsoft': // anybody's tenant may write anything into `email`
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

/** A name as display names are: one line, 100 characters at most; null when nothing is left of it. */
function displayName(text: string | null): string | null {
  const [...characters] = (text ?? '').replace(NOT_IN_A_NAME, '').trim();
  const name = characters.slice(0, 100).join('').trim();
  return /[^\s\p{Default_Ignorable_Code_Point}\u2800]/u.test(name) ? name : null;
}

/** The name that Apple's form brings along the first time, and only then. It came by way of the browser. */
export function nameInForm(user: string | undefined): string | null {
  if (user === undefined || user.length > 2000) return null;
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } };
    return displayName(joined(textOf(name?.firstName), textOf(name?.lastName)));
  } catch {
    return null;
  }
}

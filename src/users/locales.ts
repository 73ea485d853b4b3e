import { preferredLanguages } from '../mail/mails.js';
import type { Origin } from '../request.js';

/** Most characters of a language tag. */
export const MAX_LOCALE = 35;

/** The canonical form of a language tag (BCP 47); null when it is invalid. */
export function canonicalLocale(tag: string): string | null {
  try {
    return tag.length <= MAX_LOCALE ? (Intl.getCanonicalLocales(tag)[0] ?? null) : null;
  } catch {
    return null;
  }
}

/** The language of a request: from its body, else from `Accept-Language`; null when neither is given. */
export function requestedLocale(
  said: string | null | undefined,
  { acceptLanguage }: Pick<Origin, 'acceptLanguage'>,
): string | null {
  const [preferred] = preferredLanguages(acceptLanguage);
  return said ?? (preferred === undefined ? null : canonicalLocale(preferred));
}

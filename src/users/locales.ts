import { preferredLanguages } from '../mail/mails.js';
import type { Origin } from '../request.js';

/** Characters of the longest language tag that is kept. */
export const MAX_LOCALE = 35;

/** A language tag (BCP 47) as it is kept, or null when it is none. */
export function canonicalLocale(tag: string): string | null {
  try {
    return tag.length <= MAX_LOCALE ? (Intl.getCanonicalLocales(tag)[0] ?? null) : null;
  } catch {
    return null;
  }
}

/** The language that a request asks for: what its body says, else what the client prefers; null when neither says. */
export function requestedLocale(
  said: string | null | undefined,
  { acceptLanguage }: Pick<Origin, 'acceptLanguage'>,
): string | null {
  const [preferred] = preferredLanguages(acceptLanguage);
  return said ?? (preferred === undefined ? null : canonicalLocale(preferred));
}

import { isLocalOrigin } from '../../config/origins.js';
import type { ProvidersSettings } from '../../config/provider-settings.js';

/**
 * How a flow refers to a redirect URI: by its index in the list; in development by a localhost URI itself; undefined when it
 * isn't allowed.
 */
export function placeOf(uri: string, { redirectUris, localRedirects }: ProvidersSettings): number | string | undefined {
  const place = redirectUris.indexOf(uri);
  if (place >= 0) return place;
  const url = URL.parse(uri);
  if (!url || uri.includes('#') || url.username || url.password || uri.length > 1000) return undefined;
  const isLocal = isLocalOrigin(url.origin) && (localRedirects === 'any' || localRedirects.includes(url.origin));
  return isLocal ? uri : undefined;
}

/** The redirect URI of a flow, or undefined when the settings have changed since and it is no longer there. */
export const uriAt = (place: number | string, settings: ProvidersSettings): string | undefined =>
  typeof place === 'number' ? settings.redirectUris[place] : place;

/** A URL with these parameters added. */
export function withParameters(uri: string, parameters: Record<string, string | undefined>): string {
  const said = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(said).toString()}`;
}

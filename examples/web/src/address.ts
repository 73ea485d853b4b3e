/** Addresses: `#/users?q=ada` is the page `#/users`, with its filters. They survive a reload, and can be sent to others. */

/** The page that an address names, without its filters. */
export const pageIn = (hash: string): string => hash.split('?', 1)[0] ?? '';

/** The filters in the address. */
export const filters = (): URLSearchParams => new URLSearchParams(location.hash.slice(pageIn(location.hash).length));

/** Puts filters into the address, without empty ones. A `step` is one that the back button takes back. */
export function keepFilters(values: Record<string, string | number>, { step = false } = {}): void {
  const kept = Object.entries(values).flatMap(([name, value]) => (value ? [[name, String(value)]] : []));
  const query = new URLSearchParams(kept).toString();
  const hash = pageIn(location.hash) + (query && `?${query}`);
  if (hash === location.hash) return;
  if (step) history.pushState(null, '', hash);
  else history.replaceState(null, '', hash);
}

import type { ProviderFlow } from '@userhub/client';
import { button } from './dom.ts';
import { hub } from './hub.ts';
import { complain } from './status.ts';

/** Where a flow is kept while somebody is at a provider: for this tab, and no longer. */
const KEY = 'userhub.flow';

/** A button for each provider that the server has. */
export async function providerButtons(): Promise<HTMLElement[]> {
  const { data } = await hub.api.GET('/api/auth/providers');
  return data.items.map(({ name, label }) => button(`Sign in with ${label}`, () => goTo(name), { report: complain }));
}

async function goTo(provider: string): Promise<void> {
  const { url, flow } = await hub.signInWith(provider, { redirect_uri: `${location.origin}/signed-in` });
  sessionStorage.setItem(KEY, JSON.stringify(flow));
  location.assign(url);
}

/** The flow that somebody comes back from; it is used up by that. */
export function keptFlow(): ProviderFlow | null {
  const flow = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as ProviderFlow | null;
  sessionStorage.removeItem(KEY);
  return flow;
}

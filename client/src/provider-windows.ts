/** The browser's part of a way by a provider: in this page, which is left and come back to, or in a window of its own. */
import type { ProviderFlow } from './providers.js';

/** Where a flow of this page is kept meanwhile: for this tab alone, and no longer. */
const KEPT = 'userhub.flow';
const FEATURES = 'popup,width=500,height=650';
/** Milliseconds between two looks at whether a window is still there. */
const LOOK = 250;
/** Milliseconds in which the page that opened a window takes what came back to it. */
const HANDOVER = 1000;

/** Said by a window to the page that opened it, and by that in return. Only pages of one origin hear each other. */
interface Message {
  state: string;
  /** What somebody came back to; none says that it was taken. */
  address?: string;
}

/** Somebody closed the window before they came back. */
export const CLOSED = Symbol('closed');

/** Opens a window, at once: browsers let one open only while a press of a button is dealt with. Null where they don't. */
export const openWindow = (): Window | null => open('', '', FEATURES);

/** Leaves this page for the provider's. */
export function leave({ url, flow }: { url: string; flow: ProviderFlow }): void {
  sessionStorage.setItem(KEPT, JSON.stringify(flow));
  location.assign(url);
}

/** The flow that was left for from this tab and comes back to this address; it is used up by that. */
export function takeKept(address: string): ProviderFlow | undefined {
  const flow = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as ProviderFlow | null;
  if (flow?.state !== stateIn(address)) return undefined;
  sessionStorage.removeItem(KEPT);
  return flow;
}

/** The address that somebody comes back to in that window, or that it was closed. */
export async function addressFrom(tab: Window, { url, flow: { state } }: { url: string; flow: ProviderFlow }) {
  const channel = new BroadcastChannel(KEPT);
  let timer;
  try {
    return await new Promise<string | typeof CLOSED>((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<Message>) => {
        if (data.state !== state || !data.address) return;
        channel.postMessage({ state });
        resolve(data.address);
      };
      let missing = 0;
      timer = setInterval(() => {
        // one that a provider has cut off from this page (COOP) looks closed, too, but has the focus
        missing = tab.closed && document.hasFocus() ? missing + 1 : 0;
        if (missing > 2) resolve(CLOSED);
      }, LOOK);
      tab.location.href = url;
    });
  } finally {
    clearInterval(timer);
    channel.close();
    tab.close();
  }
}

/** Hands an address to the page that opened this window, which is closed then. Returns whether anybody took it. */
export async function handOver(address: string): Promise<boolean> {
  const channel = new BroadcastChannel(KEPT);
  const state = stateIn(address);
  const taken = await new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<Message>) => data.state === state && !data.address && resolve(true);
    setTimeout(() => resolve(false), HANDOVER);
    channel.postMessage({ state, address });
  });
  channel.close();
  if (taken) close();
  return taken;
}

const stateIn = (address: string) => new URL(address).searchParams.get('state');

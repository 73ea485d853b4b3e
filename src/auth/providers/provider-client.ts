import type { Profile } from './profile.js';
import type { StartedFlow } from './flow-states.js';

/** What a provider sent somebody back with. */
export interface CallbackParameters {
  code?: string;
  state?: string;
  error?: string;
  /** Who says so (RFC 9207). */
  iss?: string;
  /** Apple's: the person's name, once. */
  user?: string;
}

/** A flow at the provider's door. */
export interface Departure {
  flow: StartedFlow;
  /** The signed state. */
  state: string;
  /** Where the provider sends people back to. */
  callback: string;
  /** Who it probably is. */
  loginHint?: string | undefined;
}

/** Somebody who came back. */
export interface Arrival {
  flow: StartedFlow;
  callback: string;
  parameters: CallbackParameters;
}

/** The way to one provider. */
export interface ProviderClient {
  /** Where to send somebody who wants to sign in. @throws when the provider can't be reached */
  authorizationUrl(departure: Departure): Promise<string>;
  /** Who it is that came back. @throws openid-client's errors when the provider refuses, lies or can't be reached */
  identify(arrival: Arrival): Promise<Profile>;
  /** Asks the provider whether it is there. @throws when it isn't */
  check(): Promise<void>;
}

/** The address that somebody came back to, as openid-client reads it: as if all of it had come in the query. */
export function returnUrl({ callback, parameters }: Arrival): URL {
  const url = new URL(callback);
  for (const name of ['code', 'state', 'error', 'iss'] as const) {
    const value = parameters[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

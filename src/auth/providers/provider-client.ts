import type { Profile } from './profile.js';
import type { StartedFlow } from './flow-states.js';

/** The parameters of a provider's callback. */
export interface CallbackParameters {
  code?: string;
  state?: string;
  error?: string;
  /** The issuer (RFC 9207). */
  iss?: string;
  /** Apple's: the person's name, on the first sign-in only. */
  user?: string;
}

/** An authorization request. */
export interface Departure {
  flow: StartedFlow;
  /** The signed state. */
  state: string;
  /** The redirect URI for the provider: our callback. */
  callback: string;
  /** The `login_hint`: who it probably is. */
  loginHint?: string | undefined;
}

/** A callback with its flow. */
export interface Arrival {
  flow: StartedFlow;
  callback: string;
  parameters: CallbackParameters;
}

/** Client of one provider. */
export interface ProviderClient {
  /** The URL of the authorization request. @throws when the provider can't be reached */
  authorizationUrl(departure: Departure): Promise<string>;
  /**
   * The profile of the person who came back. @throws openid-client's errors when the provider refuses, its answer is
   * invalid, or it can't be reached
   */
  identify(arrival: Arrival): Promise<Profile>;
  /** Checks that the provider can be reached. @throws when it can't */
  check(): Promise<void>;
}

/** The callback URL as openid-client reads it: with all parameters in the query. */
export function returnUrl({ callback, parameters }: Arrival): URL {
  const url = new URL(callback);
  for (const name of ['code', 'state', 'error', 'iss'] as const) {
    const value = parameters[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

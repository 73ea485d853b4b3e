import type { RelyingPartySettings } from '../../../config/passkey-settings.js';
import { clientDataOf, type RelyingParty } from './verify-passkey.js';

const LOCAL = /^http:\/\/localhost:\d{1,5}$/;

/** The relying party and the origins that may ask for passkeys; in development also localhost on any port. */
export function relyingPartyFor(
  { rpId, origins, anyLocalPort }: RelyingPartySettings,
  response: { clientDataJSON: string },
): RelyingParty {
  const { origin } = clientDataOf(response) ?? {};
  const isLocal = anyLocalPort && typeof origin === 'string' && LOCAL.test(origin);
  return { rpId, origins: isLocal ? [...origins, origin] : origins };
}

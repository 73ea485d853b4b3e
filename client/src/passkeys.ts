/** What browsers do for passkeys: they read and write the JSON of the server by themselves. */
import type { Assertion, CreationOptions, Registration, RequestOptions } from './schema.js';

/** Whether this browser can make and use passkeys. */
export const canUsePasskeys = (): boolean =>
  typeof PublicKeyCredential === 'function' && 'parseCreationOptionsFromJSON' in PublicKeyCredential;

/** @throws DOMException such as `NotAllowedError`: the person said no, or nothing for too long */
export async function makePasskey(options: CreationOptions): Promise<Registration> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return json<Registration>(await navigator.credentials.create({ publicKey }));
}

/** @throws DOMException as above */
export async function askForPasskey(options: RequestOptions, more: CredentialRequestOptions = {}): Promise<Assertion> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return json<Assertion>(await navigator.credentials.get({ ...more, publicKey }));
}

function json<T>(credential: Credential | null): T {
  if (!credential) throw new DOMException('No passkey was chosen.', 'NotAllowedError');
  const { id, rawId, type, response, clientExtensionResults, authenticatorAttachment } = (
    credential as PublicKeyCredential
  ).toJSON() as unknown as Assertion & Registration;
  return { id, rawId, type, response, clientExtensionResults, authenticatorAttachment } as T;
}

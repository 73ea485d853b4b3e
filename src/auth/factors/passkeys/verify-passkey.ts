/** The use of @simplewebauthn/server: only to verify. Nothing that it reports from unverified input is used. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { AssertionDto, RegistrationDto } from './webauthn-credentials.dto.js';

/** ECDSA on P-256, Ed25519, RSA: pinned, as the library's own choice depends on the version of Node.js. */
export const ALGORITHMS = [-8, -7, -257];

/** The relying party, and the origins that may ask for its credentials. */
export interface RelyingParty {
  rpId: string;
  origins: string[];
}

/** A credential that was just made. */
export interface NewCredential {
  credentialId: Buffer;
  publicKey: Buffer;
  counter: number;
  aaguid: string | null;
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
}

/** What an authenticator reports in a verified assertion. */
export interface Assertion {
  counter: number;
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
}

/** loaded on first use: it costs 100 ms of CPU and 20 MB */
const library = () => import('@simplewebauthn/server');

/** The client data as the browser claims it, unverified; undefined when unreadable. */
export function clientDataOf({ clientDataJSON }: { clientDataJSON: string }): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'));
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The challenge as the browser claims it, unverified. */
export function challengeIn(response: { clientDataJSON: string }): string | undefined {
  const challenge = clientDataOf(response)?.['challenge'];
  return typeof challenge === 'string' ? challenge : undefined;
}

/** The credential, or null when verification fails. @param challenge known to be ours and unused */
export async function verifyRegistration(
  response: RegistrationDto,
  challenge: string,
  { rpId, origins }: RelyingParty,
): Promise<NewCredential | null> {
  const { verifyRegistrationResponse } = await library();
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    // attestation "none" was requested. A certificate chain would make the library fetch revocation lists from addresses
    // that the certificates name. Self attestation occurs in browsers and is harmless
    const attestation = decodeAttestationObject(
      new Uint8Array(Buffer.from(response.response.attestationObject, 'base64url')), // a copy: a Buffer may be a part of a larger one
    );
    const [format, hasChain] = [attestation.get('fmt'), attestation.get('attStmt').get('x5c') !== undefined];
    if (format !== 'none' && (format !== 'packed' || hasChain)) return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as unknown as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return null;
    const { credential, aaguid, userVerified, credentialDeviceType, credentialBackedUp } = registrationInfo;
    return {
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      aaguid: /^[0-]+$/.test(aaguid) ? null : aaguid,
      userVerified,
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp: credentialBackedUp,
    };
  } catch {
    return null; // the library's messages contain the challenge
  }
}

/**
 * The verified assertion, or null when the signature or the signed data is wrong.
 * @param challenge known to be ours, for this purpose
 * @param publicKey as it was registered
 */
export async function verifyAssertion(
  response: AssertionDto,
  {
    challenge,
    publicKey,
    requireUserVerification,
  }: { challenge: string; publicKey: Buffer; requireUserVerification: boolean },
  { rpId, origins }: RelyingParty,
): Promise<Assertion | null> {
  const { verifyAuthenticationResponse } = await library();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as unknown as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: rpId,
      // counter 0: the library compares counters before the signature, so anybody who knows a credential id could provoke a
      // warning about a clone
      credential: { id: response.id, publicKey: new Uint8Array(publicKey), counter: 0 },
      requireUserVerification,
    });
    if (!verified) return null; // and its newCounter is unverified
    const { newCounter, userVerified, credentialDeviceType, credentialBackedUp } = authenticationInfo;
    return {
      counter: newCounter,
      userVerified,
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp: credentialBackedUp,
    };
  } catch {
    return null;
  }
}

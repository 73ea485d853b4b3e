/** What @simplewebauthn/server is used for: verifying, and nothing that it could do itself with what isn't verified yet. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { AssertionDto, RegistrationDto } from './passkeys.dto.js';

/** ECDSA on P-256, Ed25519, RSA: pinned, as the library's own choice depends on the version of Node.js. */
export const ALGORITHMS = [-8, -7, -257];

/** Who asks authenticators, and from which pages. */
export interface RelyingParty {
  rpId: string;
  origins: string[];
}

/** A credential that an authenticator has just made. */
export interface NewCredential {
  credentialId: Buffer;
  publicKey: Buffer;
  counter: number;
  aaguid: string | null;
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
}

/** What an authenticator says along with a signature that holds. */
export interface Assertion {
  counter: number;
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
}

/** 100 ms of CPU and 20 MB, for those who use it. */
const library = () => import('@simplewebauthn/server');

/** What a browser says it was asked, and by which page; undefined when that can't be read. Nothing of it is verified. */
export function clientDataOf({ clientDataJSON }: { clientDataJSON: string }): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'));
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The challenge that a browser says it was given. */
export function challengeIn(response: { clientDataJSON: string }): string | undefined {
  const challenge = clientDataOf(response)?.['challenge'];
  return typeof challenge === 'string' ? challenge : undefined;
}

/** The credential, or null when the registration doesn't hold. @param challenge known to be ours, and unused */
export async function verifyRegistration(
  response: RegistrationDto,
  challenge: string,
  { rpId, origins }: RelyingParty,
): Promise<NewCredential | null> {
  const { verifyRegistrationResponse } = await library();
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    // none was asked for. A chain of certificates would make the library look up revocation lists, at addresses that the
    // certificates name; an authenticator's signature over itself comes through browsers, and does no harm
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
    return null; // its sentences hold the challenge, and say "registration" for everything
  }
}

/**
 * What the authenticator says, or null when the signature, or what was signed, doesn't hold.
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
      // it compares the counter before the signature: whoever knows a credential's id could make it complain of a clone
      credential: { id: response.id, publicKey: new Uint8Array(publicKey), counter: 0 },
      requireUserVerification,
    });
    if (!verified) return null; // and its newCounter is anybody's
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

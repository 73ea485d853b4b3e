/** A software authenticator: what a browser and a security key do, with every part of it open to being done wrong. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What may be different from what an honest browser and key do. */
export interface Deviations {
  /** The page's origin, as the browser says it. */
  origin?: string;
  /** What the key signs for, in place of the RP ID that it was asked for. */
  rpId?: string;
  challenge?: string;
  /** `webauthn.create` or `webauthn.get`, in place of the right one. */
  type?: string;
  userPresent?: boolean;
  userVerified?: boolean;
  counter?: number;
  crossOrigin?: boolean;
  /** Signed with another key than the credential's. */
  key?: KeyObject;
  userHandle?: string | undefined;
  /** The attestation of a registration. */
  attestation?: { fmt: string; statement: Map<string, unknown> };
  /** The COSE algorithm that the key says it is for. */
  algorithm?: number;
  /** Whether the client says that the credential is discoverable. */
  discoverable?: boolean;
}

interface CreationOptions {
  challenge: string;
  rp: { id?: string };
  user: { id: string };
  excludeCredentials?: { id: string }[];
}

interface RequestOptions {
  challenge: string;
  rpId?: string;
  allowCredentials?: { id: string }[];
}

export interface Credential {
  id: Buffer;
  privateKey: KeyObject;
  rpId: string;
  userHandle: string;
  counter: number;
}

/** What `navigator.credentials` answers, as JSON. */
export interface CredentialJson {
  id: string;
  rawId: string;
  type: string;
  clientExtensionResults: object;
  response: Record<string, unknown>;
}

interface Kind {
  /** The page that it is used on. */
  origin?: string;
  /** Whether it is synced between devices; those don't count. */
  isSynced?: boolean;
  /** Whether it knows its user by a PIN or a finger. */
  verifiesUser?: boolean;
}

const AAGUID = Buffer.alloc(16);
const ES256 = -7;

/** A security key, or a platform's authenticator. */
export class Authenticator {
  readonly credentials: Credential[] = [];
  private readonly kind: Required<Kind>;

  constructor({ origin = 'http://localhost:3000', isSynced = false, verifiesUser = true }: Kind = {}) {
    this.kind = { origin, isSynced, verifiesUser };
  }

  /** Makes a credential: `navigator.credentials.create`. */
  create(options: CreationOptions, deviations: Deviations = {}): CredentialJson {
    if (options.excludeCredentials?.some(({ id }) => this.find(id))) throw new Error('InvalidStateError');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const rpId = options.rp.id ?? '';
    const credential = { id: randomBytes(32), privateKey, rpId, userHandle: options.user.id, counter: 0 };
    this.credentials.push(credential);
    const key = coseKey(publicKey, deviations.algorithm ?? ES256);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(credential.id.length);
    const attested = Buffer.concat([AAGUID, length, credential.id, key]);
    const { fmt, statement } = deviations.attestation ?? { fmt: 'none', statement: new Map<string, unknown>() };
    const attestationObject = cbor(
      new Map<string, unknown>([
        ['fmt', fmt],
        ['attStmt', statement],
        ['authData', this.authenticatorData(credential, deviations, attested)],
      ]),
    );
    return {
      ...identified(credential),
      clientExtensionResults: { credProps: { rk: deviations.discoverable ?? true } },
      response: {
        clientDataJSON: base64url(this.clientData('webauthn.create', options.challenge, deviations)),
        attestationObject: base64url(attestationObject),
        transports: this.kind.isSynced ? ['internal', 'hybrid'] : ['usb'],
      },
    };
  }

  /** Signs with a credential: `navigator.credentials.get`. Takes the newest that fits. */
  get(options: RequestOptions, deviations: Deviations = {}): CredentialJson {
    const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
    const credential = this.credentials.findLast(
      ({ id, rpId }) => rpId === options.rpId && (allowed.length === 0 || allowed.includes(base64url(id))),
    );
    if (!credential) throw new Error('NotAllowedError');
    if (!this.kind.isSynced) credential.counter++;
    return this.sign(credential, options.challenge, deviations);
  }

  /** Signs a challenge with this credential, whatever was asked for. */
  sign(credential: Credential, challenge: string, deviations: Deviations = {}): CredentialJson {
    const clientData = this.clientData('webauthn.get', challenge, deviations);
    const authenticatorData = this.authenticatorData(credential, deviations);
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
    const userHandle = 'userHandle' in deviations ? deviations.userHandle : credential.userHandle;
    return {
      ...identified(credential),
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authenticatorData),
        signature: base64url(sign('sha256', signed, deviations.key ?? credential.privateKey)),
        ...(userHandle !== undefined && { userHandle }),
      },
    };
  }

  private find(id: string): Credential | undefined {
    return this.credentials.find((credential) => base64url(credential.id) === id);
  }

  private clientData(type: string, challenge: string, deviations: Deviations): Buffer {
    const { origin = this.kind.origin, crossOrigin = false } = deviations;
    const said = { type: deviations.type ?? type, challenge: deviations.challenge ?? challenge, origin, crossOrigin };
    return Buffer.from(JSON.stringify(said));
  }

  private authenticatorData(credential: Credential, deviations: Deviations, attested?: Buffer): Buffer {
    const { userPresent = true, userVerified = this.kind.verifiesUser, counter = credential.counter } = deviations;
    const synced = this.kind.isSynced ? 0x08 | 0x10 : 0;
    const flags = (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0) | synced | (attested ? 0x40 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const rpIdHash = createHash('sha256')
      .update(deviations.rpId ?? credential.rpId)
      .digest();
    return Buffer.concat([rpIdHash, Buffer.from([flags]), count, attested ?? Buffer.alloc(0)]);
  }
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

const identified = ({ id }: Credential) => ({ id: base64url(id), rawId: base64url(id), type: 'public-key' });

/** A public key on P-256 as COSE (RFC 9053) has it. */
function coseKey(publicKey: KeyObject, algorithm: number): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return cbor(
    new Map<unknown, unknown>([
      [1, 2],
      [3, algorithm],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  );
}

/** CBOR (RFC 8949), as much of it as WebAuthn needs: integers, bytes, texts, lists and maps. */
export function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
  throw new TypeError('Not CBOR of ours');
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  if (count < 256) return Buffer.from([(major << 5) | 24, count]);
  return Buffer.from([(major << 5) | 25, count >> 8, count & 255]);
}

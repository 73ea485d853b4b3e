import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { derivedKeys } from '../../config/derived-keys.js';
import { minutes } from '../../config/durations.js';
import { TokenSettings } from '../../config/token-settings.js';
import { ID_BYTES, idText, isYoungerThan, newTimedId } from '../sessions/timed-ids.js';

/** How long the authorization at a provider may take. */
const FLOW_LIFETIME = minutes(10);

const MAC_BYTES = 32;
const CHALLENGE_BYTES = 32;
/** Instead of the index of a redirect URI: the URI itself follows. */
const SPELLED_OUT = 0xff;

/** The parameters of a flow through a provider, kept in its `state`. */
export interface Flow {
  /** Where the browser is sent back to: an index in OAUTH_REDIRECT_URIS, or a localhost URI in development. */
  redirect: number | string;
  /** The front end's PKCE challenge (S256). */
  challenge: string;
  /** The front end's `state`, which it gets back. */
  state: string | undefined;
}

/** A flow, with what is sent to the provider. */
export interface StartedFlow extends Flow {
  id: string;
  /** The nonce that the ID token must repeat. */
  nonce: string;
  /** The code verifier of PKCE between this server and the provider. */
  verifier: string;
}

/**
 * The `state` of a flow is signed, not stored: it contains all that the callback needs. Nonce and verifier are MACs over its
 * id, under the key that signed it.
 */
@Injectable()
export class FlowStates {
  private readonly keys: KeyObject[];

  constructor({ jwt }: TokenSettings) {
    this.keys = derivedKeys(jwt, 'userhub provider flows');
  }

  /** Starts a flow. */
  begin(provider: string, flow: Flow): StartedFlow & { token: string } {
    const key = this.keys[0] as KeyObject;
    const id = newTimedId();
    const body = Buffer.concat([id, packed(flow)]);
    const token = Buffer.concat([body, mac(key, 'state', provider, body)]).toString('base64url');
    return { ...flow, ...secretsOf(key, id), token };
  }

  /** The flow of a state made for this provider; undefined when it is forged or too old. */
  read(provider: string, token: string): StartedFlow | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length < ID_BYTES + CHALLENGE_BYTES + MAC_BYTES || bytes.toString('base64url') !== token)
      return undefined;
    const body = bytes.subarray(0, -MAC_BYTES);
    const key = this.keys.find((one) => timingSafeEqual(mac(one, 'state', provider, body), bytes.subarray(-MAC_BYTES)));
    if (!key || !isYoungerThan(body, FLOW_LIFETIME)) return undefined;
    return { ...unpacked(body.subarray(ID_BYTES)), ...secretsOf(key, body.subarray(0, ID_BYTES)) };
  }
}

function secretsOf(key: KeyObject, id: Buffer): Pick<StartedFlow, 'id' | 'nonce' | 'verifier'> {
  const [nonce, verifier] = ['nonce', 'verifier'].map((use) => mac(key, use, '', id).toString('base64url')) as [string, string]; // prettier-ignore
  return { id: idText(id), nonce, verifier };
}

/** The NUL separates the parts: uses and provider names contain none. */
const mac = (key: KeyObject, use: string, provider: string, bytes: Uint8Array): Buffer =>
  createHmac('sha256', key).update(`${use}\0${provider}\0`).update(bytes).digest();

/** The challenge, the redirect URI, and the front end's state after a flag, as an empty state is returned as well. */
function packed({ redirect, challenge, state }: Flow): Buffer {
  const spelled = typeof redirect === 'string' ? Buffer.from(redirect) : Buffer.alloc(0);
  const place = Buffer.from([typeof redirect === 'string' ? SPELLED_OUT : redirect, spelled.length >> 8, spelled.length & 0xff]); // prettier-ignore
  const rest = state === undefined ? [Buffer.from([0])] : [Buffer.from([1]), Buffer.from(state)];
  return Buffer.concat([Buffer.from(challenge, 'base64url'), place, spelled, ...rest]);
}

function unpacked(bytes: Buffer): Flow {
  const challenge = bytes.subarray(0, CHALLENGE_BYTES).toString('base64url');
  const place = bytes.readUInt8(CHALLENGE_BYTES);
  const start = CHALLENGE_BYTES + 3;
  const end = start + bytes.readUInt16BE(CHALLENGE_BYTES + 1);
  const redirect = place === SPELLED_OUT ? bytes.subarray(start, end).toString() : place;
  const state = bytes.readUInt8(end) === 1 ? bytes.subarray(end + 1).toString() : undefined;
  return { redirect, challenge, state };
}

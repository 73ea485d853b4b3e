import { createHash, createHmac, hkdfSync, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { derivedKeys } from '../config/derived-keys.js';
import { TokenSettings } from '../config/token-settings.js';
import type { Webhook } from './webhook.entity.js';

const SECRET_BYTES = 32;

/** Identifies a secret: its receiver, rotation, and the key that it is derived from. */
export type SecretOf = Pick<Webhook, 'id' | 'keyId' | 'secretVersion' | 'previousKeyId' | 'previousUntil'>;

/**
 * Signs as in Standard Webhooks 1.0. Secrets are derived, not stored: HKDF of a key of the ring, over the receiver's id and
 * the number of its rotations.
 */
@Injectable()
export class Signing {
  private readonly keys: Map<string, KeyObject>;
  /** The id of the key that new secrets are derived from. */
  readonly currentKeyId: string;

  constructor({ jwt }: TokenSettings) {
    this.keys = new Map(derivedKeys(jwt, 'userhub webhook').map((key) => [idOf(key), key]));
    this.currentKeyId = [...this.keys.keys()][0] ?? '';
  }

  /** Whether the key of this id is still in the ring. */
  has(keyId: string): boolean {
    return this.keys.has(keyId);
  }

  /** The secret in the form for its receiver: `whsec_…`. Undefined when its key has left the ring. */
  secretOf({ id, keyId, secretVersion }: Pick<SecretOf, 'id' | 'keyId' | 'secretVersion'>): string | undefined {
    const secret = this.derive(id, keyId, secretVersion);
    return secret && `whsec_${secret.toString('base64')}`;
  }

  /**
   * The header `webhook-signature` for these bytes: one signature, or two while a rotation overlaps.
   * @param timestamp seconds
   */
  sign(of: SecretOf, { messageId, timestamp, body }: { messageId: string; timestamp: number; body: string }): string {
    const isOverlapping = of.previousKeyId !== null && of.previousUntil !== null && of.previousUntil > new Date();
    const secrets = [
      this.derive(of.id, of.keyId, of.secretVersion),
      isOverlapping ? this.derive(of.id, of.previousKeyId ?? '', of.secretVersion - 1) : undefined,
    ];
    const signed = `${messageId}.${timestamp}.${body}`;
    const macs = secrets.map((secret) => secret && createHmac('sha256', secret).update(signed).digest('base64'));
    return macs.flatMap((mac) => (mac ? `v1,${mac}` : [])).join(' ');
  }

  private derive(id: string, keyId: string, version: number): Buffer | undefined {
    const key = this.keys.get(keyId);
    return key && Buffer.from(hkdfSync('sha256', key.export(), '', `${id}|${version}`, SECRET_BYTES));
  }
}

const idOf = (key: KeyObject): string => createHash('sha256').update(key.export()).digest('base64url').slice(0, 16);

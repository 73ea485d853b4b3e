import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  id: Buffer;
  secret: Buffer;
}

/** A decrypted text, and whether it was encrypted under an older key than the first. */
export interface Opened {
  plain: Buffer;
  isOutdated: boolean;
}

/**
 * Encrypts what must be read again (AES-256-GCM) under DATA_ENCRYPTION_KEY: the first key encrypts, all of them decrypt. The
 * result is key id ‖ IV ‖ ciphertext ‖ tag. The context is its additional authenticated data: copied to another row it
 * doesn't decrypt.
 */
export class Sealer {
  private readonly keys: Key[];

  /** @param texts the keys as configured; with none, nothing can be encrypted or decrypted */
  constructor(texts: readonly string[]) {
    this.keys = texts.map((text) => ({
      id: createHash('sha256').update(`userhub key id|${text}`).digest().subarray(0, ID_BYTES),
      secret: Buffer.from(hkdfSync('sha256', text, '', 'userhub data encryption', 32)),
    }));
  }

  /** Whether there is a key. */
  get isEnabled(): boolean {
    return this.keys.length > 0;
  }

  /** The key ids that prefix encrypted texts, in hexadecimal. */
  get keyIds(): string[] {
    return this.keys.map(({ id }) => id.toString('hex'));
  }

  /** Encrypts bytes for a context, such as the purpose and the id of the user. @throws Error without a key */
  seal(plain: Buffer, context: string): Buffer {
    const [key] = this.keys;
    if (!key) throw new Error('DATA_ENCRYPTION_KEY is not set.');
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key.secret, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    const box = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([key.id, iv, box, cipher.getAuthTag()]);
  }

  /** Decrypts; null when the context differs, the bytes were changed, or the key is gone. */
  open(sealed: Buffer, context: string): Opened | null {
    if (sealed.length < ID_BYTES + IV_BYTES + TAG_BYTES) return null;
    const key = this.keys.find(({ id }) => id.equals(sealed.subarray(0, ID_BYTES)));
    if (!key) return null;
    const iv = sealed.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key.secret, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const plain = Buffer.concat([
        decipher.update(sealed.subarray(ID_BYTES + IV_BYTES, -TAG_BYTES)),
        decipher.final(),
      ]);
      return { plain, isOutdated: key !== this.keys[0] };
    } catch {
      return null;
    }
  }
}

import { type DerivedMac, MAC_BYTES } from './derived-mac.js';

/**
 * A token that is computed, not stored: a prefix, some bytes, and a MAC over both. Nobody can make one from the contents of
 * the database, and a forged one is recognised without a query.
 */
export class ComputedToken {
  private readonly length: number;

  /** @param bytes length of the payload in bytes, without the MAC */
  constructor(
    private readonly mac: DerivedMac,
    private readonly prefix: string,
    bytes: number,
  ) {
    this.length = prefix.length + Math.ceil(((bytes + MAC_BYTES) * 4) / 3);
  }

  /** The token that carries these bytes. @param context what it is bound to without carrying it, such as a session's id */
  sign(body: Buffer, context = ''): string {
    return this.prefix + Buffer.concat([body, this.mac.of(body, Buffer.from(context))]).toString('base64url');
  }

  /** The payload of a token; undefined when it is forged or made for another context. */
  read(token: string, context = ''): Buffer | undefined {
    if (token.length !== this.length || !token.startsWith(this.prefix)) return undefined;
    const text = token.slice(this.prefix.length);
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.toString('base64url') !== text) return undefined; // Buffer ignores characters that aren't base64
    const body = bytes.subarray(0, -MAC_BYTES);
    return this.mac.holds(bytes.subarray(-MAC_BYTES), body, Buffer.from(context)) ? body : undefined;
  }
}

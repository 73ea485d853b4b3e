import { readFileSync } from 'node:fs';

const UTF16_LE = Buffer.from([0xff, 0xfe]);

/** The text of a file that people write, without a byte order mark; UTF-8, or UTF-16 as written by PowerShell's `>`. */
export function readTextFile(file: string): string {
  return decodeText(readFileSync(file));
}

/** As `readTextFile`, for bytes from elsewhere. */
export function decodeText(bytes: Buffer): string {
  const isUtf16 = bytes.subarray(0, 2).equals(UTF16_LE);
  return bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}

import { validationFailed } from '../problems.js';

const KEY = /^[\x20-\x7e]{1,255}$/;
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/; // a string of RFC 8941, as in the draft

/** The key in an `Idempotency-Key` header, with or without quotes. @throws Problem 422 when it is invalid */
export function readKey(header: string | string[] | undefined): string {
  const text = String(header ?? '').trim();
  const key = text.startsWith('"') ? QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1') : text;
  if (key !== undefined && KEY.test(key)) return key;
  throw validationFailed([
    { parameter: 'Idempotency-Key', code: 'idempotency_key', detail: 'must be 1 to 255 printable ASCII characters' },
  ]);
}

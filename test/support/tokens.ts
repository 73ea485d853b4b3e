import { createHmac } from 'node:crypto';
import { SECRET } from './app.js';

/** The two parts of a JWT that can be read. */
export interface Jwt {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
}

/** Reads a JWT as anybody can. */
export function decode(token: string): Jwt {
  const [header = '', payload = ''] = token.split('.');
  return { header: parse(header), payload: parse(payload) };
}

/** A JWT of any content, signed with the tests' own secret: what whoever has the secret could make. */
export function forge(header: unknown, payload: unknown, { secret = SECRET, digest = 'sha256' } = {}): string {
  const input = [header, payload].map((part) => encode(part)).join('.');
  return `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`;
}

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

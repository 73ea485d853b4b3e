import type { EnvironmentReader } from './environment.js';

const ALGORITHMS = ['HS256', 'ES256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof ALGORITHMS)[number];

/** How access tokens are signed. The first key signs; all of them verify, so that keys can be rotated. */
export interface JwtSettings {
  algorithm: JwtAlgorithm;
  keys: string[];
  issuer: string;
  audience: string;
}

/** Texts that stand in examples and tutorials where a secret should be. */
const PLACEHOLDERS = [
  /change[-_ ]?(me|this|it|in[-_ ]?prod)/i,
  /^your[-_ ]/i,
  /replace[-_ ]?(me|this|with)/i,
  /placeholder/i,
  /^<.*>$/,
  /09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7/, // FastAPI's tutorial
];

const HOW = 'Make one with: openssl rand -base64 48';

/** Reads the signing keys; in production there is no default, elsewhere one is made and kept for the developer. */
export function readJwt(env: EnvironmentReader, production: boolean, developmentSecret: () => string): JwtSettings {
  const algorithm = env.oneOf('JWT_ALGORITHM', ALGORITHMS, 'HS256');
  const text = env.text('JWT_SECRET_KEY', 'SECRET_KEY');
  return {
    algorithm,
    keys: algorithm === 'HS256' ? secrets(env, text, production, developmentSecret) : pems(env, text),
    issuer: env.text('JWT_ISSUER') ?? 'userhub',
    audience: env.text('JWT_AUDIENCE') ?? 'userhub',
  };
}

function secrets(env: EnvironmentReader, text: string | undefined, production: boolean, make: () => string): string[] {
  if (!text) {
    if (production) env.refuse(`JWT_SECRET_KEY must be set in production. ${HOW}`, []);
    return production ? [] : [make()];
  }
  const keys = keysIn(text);
  if (production && keys.some(isPlaceholder)) {
    env.refuse(`JWT_SECRET_KEY is a placeholder. ${HOW}`, []);
  } else if (!keys.every(isLongEnough)) {
    env.refuse(`JWT_SECRET_KEY must be 32 bytes or more. ${HOW}`, []);
  }
  return keys;
}

/** Several keys, with commas between them; or one that holds a comma, if its parts are too short to be keys. */
function keysIn(text: string): string[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.every(isLongEnough) ? parts : [text];
}

/** Whether a key is a text that was meant to be replaced by one. */
export const isPlaceholder = (key: string): boolean => PLACEHOLDERS.some((placeholder) => placeholder.test(key));

const isLongEnough = (key: string) => Buffer.byteLength(key) >= 32;

/** PEM blocks of keys, one after the other (OpenSSL writes their parameters besides); `\n` may be written for a line break, as platforms with one-line values need. */
function pems(env: EnvironmentReader, text = ''): string[] {
  const blocks = text.replaceAll('\\n', '\n').match(/-----BEGIN [A-Z ]*KEY-----[^-]+-----END [A-Z ]*KEY-----/g);
  return blocks ?? env.refuse('JWT_SECRET_KEY must hold a PEM private key for this JWT_ALGORITHM.', []);
}

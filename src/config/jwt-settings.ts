import type { EnvironmentReader } from './environment.js';

const ALGORITHMS = ['HS256', 'ES256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof ALGORITHMS)[number];

/**
 * How access tokens are signed. The first key signs; all of them verify, so that keys can be rotated. A key is the text of a
 * secret (HS256) or a PEM block (ES256, EdDSA); changing the algorithm is a rotation, too.
 */
export interface JwtSettings {
  /** Of the first key. */
  algorithm: JwtAlgorithm;
  keys: string[];
  issuer: string;
  audience: string;
}

/** Placeholders from examples and tutorials. */
const PLACEHOLDERS = [
  /change[-_ ]?(me|this|it|in[-_ ]?prod)/i,
  /^your[-_ ]/i,
  /replace[-_ ]?(me|this|with)/i,
  /placeholder/i,
  /^<.*>$/,
  /09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7/, // FastAPI's tutorial
];

const HOW = 'Make one with: openssl rand -base64 48';
const NO_PEM = 'JWT_SECRET_KEY must begin with a PEM private key for this JWT_ALGORITHM.';
const NO_SECRET = 'JWT_SECRET_KEY begins with a PEM key: set JWT_ALGORITHM to ES256 or EdDSA.';

/** Reads the signing keys; in production there is no default, elsewhere one is generated and stored. */
export function readJwt(env: EnvironmentReader, production: boolean, developmentSecret: () => string): JwtSettings {
  const text = env.text('JWT_SECRET_KEY', 'SECRET_KEY');
  const algorithm = env.oneOf('JWT_ALGORITHM', ALGORITHMS, 'HS256');
  const keys = text ? keysIn(text) : defaultKeys(env, algorithm, production, developmentSecret);
  if (text) refuseUnusable(env, keys, algorithm, production);
  return {
    algorithm,
    keys,
    issuer: env.text('JWT_ISSUER') ?? 'userhub',
    audience: env.text('JWT_AUDIENCE') ?? 'userhub',
  };
}

function defaultKeys(
  env: EnvironmentReader,
  algorithm: JwtAlgorithm,
  production: boolean,
  make: () => string,
): string[] {
  if (algorithm !== 'HS256') return env.refuse(NO_PEM, []);
  if (production) return env.refuse(`JWT_SECRET_KEY must be set in production. ${HOW}`, []);
  return [make()];
}

function refuseUnusable(env: EnvironmentReader, keys: string[], algorithm: JwtAlgorithm, production: boolean): void {
  const [first] = keys;
  if (first === undefined) return;
  const secrets = keys.filter((key) => !isPem(key));
  if (algorithm !== 'HS256' && !isPem(first)) env.refuse(NO_PEM, []);
  else if (algorithm === 'HS256' && isPem(first)) env.refuse(NO_SECRET, []);
  else if (production && secrets.some(isPlaceholder)) env.refuse(`JWT_SECRET_KEY is a placeholder. ${HOW}`, []);
  else if (!secrets.every(isLongEnough)) env.refuse(`JWT_SECRET_KEY must be 32 bytes or more. ${HOW}`, []);
}

/** Whether a key is a PEM block; otherwise it is a secret. */
export const isPem = (key: string): boolean => key.startsWith('-----BEGIN ');

const PEM = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g;

/**
 * The keys in a text, in order: PEM blocks (with `\\n` for line breaks where a platform needs one-line values; other blocks
 * of OpenSSL, such as parameters, are skipped), and secrets between commas.
 */
function keysIn(text: string): string[] {
  const blocks = text.match(PEM) ?? [];
  const between = text.split(PEM);
  return between.flatMap((secrets, index) => [...secretsIn(secrets), ...pemIn(blocks[index])]);
}

const pemIn = (block = '') => (/^-----BEGIN [A-Z ]*KEY-----/.test(block) ? [block.replaceAll('\\n', '\n')] : []);

/** Comma-separated secrets; or a single one that contains a comma, when its parts are too short to be keys. */
function secretsIn(text: string): string[] {
  const trimmed = text.replace(/^(?:\s|\\n|,)+|(?:\s|\\n|,)+$/g, '');
  const parts = trimmed
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.every(isLongEnough) ? parts : [trimmed];
}

/** Whether a key is a placeholder. */
export const isPlaceholder = (key: string): boolean => PLACEHOLDERS.some((placeholder) => placeholder.test(key));

const isLongEnough = (key: string) => Buffer.byteLength(key) >= 32;

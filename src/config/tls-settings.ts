import path from 'node:path';
import type { EnvironmentReader } from './environment.js';
import { readTextFile } from './text-file.js';

/** Verification of the server's certificate. */
export interface TlsSettings {
  rejectUnauthorized: boolean;
  ca?: string;
  checkServerIdentity?: () => undefined;
}

const CERTIFICATES_OF_NODE = 'system'; // libpq's value for the system's CA certificates

/**
 * Interprets `sslmode` as libpq does, except that `allow` and `prefer` mean no TLS, as node-postgres can't fall back. The
 * root certificate is a file, or `system`: then the default is verify-full. PGSSLROOTCERT also names one.
 */
export function tlsOf(
  env: EnvironmentReader,
  mode: string | null,
  rootCertificate: string | null,
): false | TlsSettings {
  const root = rootCertificate ?? env.text('PGSSLROOTCERT');
  switch (mode ?? (rootCertificate === CERTIFICATES_OF_NODE ? 'verify-full' : 'disable')) {
    case 'false':
    case 'disable':
    case 'allow':
    case 'prefer':
      return false;
    case 'require':
    case 'true':
      return { rejectUnauthorized: root !== undefined, ca: certificateIn(env, root) };
    case 'verify-ca':
      return { rejectUnauthorized: true, ca: certificateIn(env, root), checkServerIdentity: () => undefined };
    case 'verify-full':
      return { rejectUnauthorized: true, ca: certificateIn(env, root) };
    default:
      return env.refuse('sslmode must be one of: disable, allow, prefer, require, verify-ca, verify-full.', false); // never by mistake without TLS
  }
}

/** The certificates of a file; undefined for those that come with Node. */
function certificateIn(env: EnvironmentReader, file: string | undefined): string | undefined {
  if (file === undefined || file === CERTIFICATES_OF_NODE) return undefined;
  try {
    return readTextFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : "can't be read";
    return env.refuse(`sslrootcert: the certificate file ${path.resolve(file)} ${reason}.`, undefined);
  }
}

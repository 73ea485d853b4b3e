import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import { KeyRing } from '../auth/sessions/keys.js';
import { isPem, isPlaceholder, type JwtSettings } from '../config/jwt-settings.js';
import { projectFile } from '../config/project.js';
import type { Settings } from '../config/settings.js';
import { bad, doubtful, type Finding, good } from './findings.js';
import type { ConnectionSettings } from '../config/connection-settings.js';

const NEW_SECRET = 'Make another with: openssl rand -base64 48';
const FEWEST_CHARACTERS = 10; // distinct characters of a random secret
const QUICK_HASH = 50; // milliseconds
const SLOW_HASH = 1000;

/** Whether the project supports this version of Node.js. */
export function examineNode(version: string): Finding {
  const { engines } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { engines: { node: string } };
  const needed = engines.node.replace('>=', '');
  const isNewEnough = version.localeCompare(needed, 'en', { numeric: true }) >= 0;
  return isNewEnough
    ? good(`Node.js ${version}`)
    : bad(`Node.js ${version} is too old.`, `Install ${needed} or later.`);
}

/** Findings about valid settings, without trying anything. */
export function examineSettings(settings: Settings): Finding[] {
  return [
    good(`The settings can be read; NODE_ENV is ${settings.environment}.`),
    signing(settings.tokens.jwt, settings.isProduction),
    crossOrigin(settings),
    proxy(settings),
    ...(settings.isProduction ? laxities(settings) : []),
    ...(settings.database.isEmbedded ? [] : encryption(settings.database.connection)),
  ];
}

/** How long hashing takes here, which is a lower bound for each sign-in. */
export async function examineHashing({ passwords: { bcryptRounds } }: Settings): Promise<Finding> {
  const begin = performance.now();
  await bcrypt.hash('how long does this take?', bcryptRounds);
  const duration = Math.round(performance.now() - begin);
  const perSecond = Math.round((availableParallelism() * 1000) / Math.max(1, duration));
  const text = `Hashing a password takes ${duration} ms here (BCRYPT_ROUNDS=${bcryptRounds}): ${perSecond} sign-ins a second at most.`;
  if (duration < QUICK_HASH) return doubtful(text, 'That is quick for guessers too: raise BCRYPT_ROUNDS.');
  if (duration > SLOW_HASH) return doubtful(text, 'People will wait: lower BCRYPT_ROUNDS, or use a faster machine.');
  return good(text);
}

function signing(jwt: JwtSettings, isProduction: boolean): Finding {
  try {
    new KeyRing(jwt);
  } catch (error) {
    return bad(`JWT_SECRET_KEY can't be used: ${(error as Error).message}`);
  }
  const isWeak = jwt.keys.some((key) => !isPem(key) && (isPlaceholder(key) || isMonotonous(key)));
  if (isWeak) return (isProduction ? bad : doubtful)('JWT_SECRET_KEY can be guessed.', NEW_SECRET);
  const others = jwt.keys.length - 1;
  return good(`Tokens are signed with ${jwt.algorithm}${others ? `; ${others} older keys still verify` : ''}.`);
}

const isMonotonous = (key: string) => new Set(key).size < FEWEST_CHARACTERS;

function crossOrigin({ server: { corsOrigins, corsAnyLocalPort }, isProduction }: Settings): Finding {
  const open = corsOrigins.filter((origin) => origin.startsWith('http:') && !isLocal(new URL(origin).hostname));
  if (isProduction && open.length) {
    return doubtful(`CORS_ORIGINS: ${open.join(', ')} is not encrypted.`, 'Serve the front end by https.');
  }
  const local = corsAnyLocalPort ? ['any port of this machine'] : [];
  if (corsOrigins.length || local.length)
    return good(`Front ends that may call: ${[...corsOrigins, ...local].join(', ')}`);
  return doubtful('CORS_ORIGINS is empty: no front end on another origin may call.', 'Set it, unless there is none.');
}

function proxy({ server: { trustProxy }, isProduction }: Settings): Finding {
  if (trustProxy.length) return good(`Client addresses are taken from proxies in: ${trustProxy.join(', ')}`);
  if (!isProduction) return good('No proxy is trusted: client addresses are those of the connections.');
  return doubtful(
    'TRUST_PROXY is empty: behind a balancer all clients look like one, and are throttled as one.',
    'Set the network of your balancer, unless there is none.',
  );
}

function laxities({ throttle, logging }: Settings): Finding[] {
  return [
    ...(throttle.enabled
      ? []
      : [bad('THROTTLE is off: passwords can be guessed at any speed.', 'Remove THROTTLE=off.')]),
    ...(logging.debug ? [doubtful('DEBUG is on: every statement is logged.', 'Remove DEBUG=true.')] : []),
  ];
}

function encryption({ servers, ssl }: ConnectionSettings): Finding[] {
  const host = servers.map(({ host }) => host).filter((one) => !isLocal(one)).join(', '); // prettier-ignore
  if (!host) return [];
  if (!ssl)
    return [doubtful(`The connection to ${host} is not encrypted.`, 'Add ?sslmode=verify-full to DATABASE_URL.')];
  if (ssl.rejectUnauthorized) return [good(`The connection to ${host} is encrypted, and the server proves who it is.`)];
  return [doubtful(`${host} is not asked to prove who it is.`, 'Use ?sslmode=verify-full, with sslrootcert=<file>.')];
}

/** This machine, or a name or network that isn't public. */
const isLocal = (host: string) =>
  /^(?:\/|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|\[::1\]$|f[cd][0-9a-f]{2}:)/.test(host) ||
  !/[.:]/.test(host) ||
  /\.(?:local|internal|localhost)$/.test(host);

import type { EnvironmentReader } from './environment.js';

/** Settings of passkeys. */
export class PasskeySettings {
  /** Undefined when passkeys are off. */
  relyingParty: RelyingPartySettings | undefined;
}

/** The relying party (WebAuthn). */
export interface RelyingPartySettings {
  /** The domain that they are bound to. */
  rpId: string;
  /** The name that authenticators show. */
  rpName: string;
  /** The origins of pages and native apps that may use them. */
  origins: string[];
  /** Whether pages on any port of localhost may, too: in development, unless origins are set. */
  anyLocalPort: boolean;
}

const DOMAIN = /^(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/;

interface Pages {
  corsOrigins: string[];
  port: number;
}

/** Reads the settings of passkeys. The `Host` header isn't used, as clients choose it. */
export const readPasskeys = (env: EnvironmentReader, production: boolean, pages: Pages): PasskeySettings => ({
  relyingParty: readRelyingParty(env, production, pages),
});

function readRelyingParty(
  env: EnvironmentReader,
  production: boolean,
  { corsOrigins, port }: Pages,
): RelyingPartySettings | undefined {
  const rpId = env.text('WEBAUTHN_RP_ID')?.toLowerCase() ?? (production ? undefined : 'localhost');
  const origins = env.list('WEBAUTHN_ORIGINS').map((origin) => readOrigin(env, origin));
  if (rpId === undefined) {
    if (origins.length) env.refuse('WEBAUTHN_ORIGINS needs WEBAUTHN_RP_ID, the domain of those pages.', undefined);
    return undefined;
  }
  if (!DOMAIN.test(rpId) || /^[\d.]+$/.test(rpId)) {
    return env.refuse('WEBAUTHN_RP_ID must be a domain such as example.com, no address and no port.', undefined);
  }
  const strange = origins.find((origin) => /^https?:/.test(origin) && !liesUnder(origin, rpId));
  if (strange) env.refuse(`WEBAUTHN_ORIGINS: "${strange}" does not lie under ${rpId} (WEBAUTHN_RP_ID).`, undefined);
  const pages = production ? corsOrigins : [...corsOrigins, `http://localhost:${port}`];
  return {
    rpId,
    anyLocalPort: !production && rpId === 'localhost' && !env.text('WEBAUTHN_ORIGINS', 'CORS_ORIGINS'),
    rpName: env.text('WEBAUTHN_RP_NAME') ?? env.text('APP_NAME') ?? 'UserHub',
    origins: origins.length ? origins : [...new Set(pages)].filter((origin) => liesUnder(origin, rpId)),
  };
}

function readOrigin(env: EnvironmentReader, origin: string): string {
  if (/^android:apk-key-hash:\S+$/.test(origin)) return origin;
  const url = URL.parse(origin);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search) return url.origin;
  return env.refuse(`WEBAUTHN_ORIGINS: "${origin}" is not an origin such as https://app.example.com.`, origin);
}

function liesUnder(origin: string, domain: string): boolean {
  const hostname = URL.parse(origin)?.hostname ?? '';
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

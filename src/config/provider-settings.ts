import { isLocalOrigin } from './origins.js';
import type { EnvironmentReader } from './environment.js';

/** OpenID Connect, and providers that differ from it. */
const PROVIDER_TYPES = ['oidc', 'google', 'microsoft', 'apple', 'github'] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** What Apple's client secrets are made from. */
export interface AppleKey {
  teamId: string;
  keyId: string;
  /** ES256, as PEM. */
  privateKey: string;
}

/** A provider to sign in with. */
export interface ProviderSettings {
  /** Its name in URLs: `<NAME>` of its variables in lower case. */
  name: string;
  type: ProviderType;
  /** Its name for people. */
  label: string;
  /** The issuer of its ID tokens; for GitHub the URL of its pages. */
  issuer: string;
  clientId: string;
  /** Undefined for a public client, and with `apple`, which makes one per exchange. */
  clientSecret: string | undefined;
  apple: AppleKey | undefined;
  scopes: string;
  /** Whether an unknown person gets an account. */
  signUp: boolean;
  /** Whether the provider's `email_verified` is trusted for any address. */
  trustEmail: boolean;
  /** Whether its second factor counts as one here. */
  trustMfa: boolean;
  /** The domains whose addresses get an account; empty for all. */
  allowedDomains: string[];
}

/** Settings of providers. */
export class ProvidersSettings {
  providers: ProviderSettings[];
  /** The public URL of this server, without a trailing slash, for the providers' callbacks. Undefined: where it listens. */
  publicUrl: string | undefined;
  /** The redirect URIs of front ends. */
  redirectUris: string[];
  /** Origins on this machine below which any URI is allowed, for developers; `any` for all of this machine. */
  localRedirects: string[] | 'any';
}

interface Preset {
  label: string;
  issuer: string;
  scopes: string;
}

const OPENID = 'openid email profile';
const PRESETS: Record<Exclude<ProviderType, 'oidc'>, Preset> = {
  google: { label: 'Google', issuer: 'https://accounts.google.com', scopes: OPENID },
  microsoft: { label: 'Microsoft', issuer: 'https://login.microsoftonline.com/common/v2.0', scopes: OPENID },
  apple: { label: 'Apple', issuer: 'https://appleid.apple.com', scopes: 'openid name email' },
  github: { label: 'GitHub', issuer: 'https://github.com', scopes: 'read:user user:email' },
};

const VARIABLE =
  /^OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_(?:ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL|SCOPES|TYPE|SIGN_UP|TRUST_EMAIL|TRUST_MFA|ALLOWED_DOMAINS|TEAM_ID|KEY_ID|PRIVATE_KEY)$/;

/** Reads the settings of providers: `OIDC_<NAME>_…`, PUBLIC_URL and OAUTH_REDIRECT_URIS. */
export function readProviders(
  env: EnvironmentReader,
  production: boolean,
  { corsOrigins, registration }: { corsOrigins: string[]; registration: string },
): ProvidersSettings {
  const names = new Set(env.names(VARIABLE).map((name) => VARIABLE.exec(name)?.[1] ?? ''));
  const providers = [...names].sort().map((name) => readProvider(env, name, { production, registration }));
  const publicUrl = readPublicUrl(env, production);
  const redirectUris = env.list('OAUTH_REDIRECT_URIS').map((uri) => checkedRedirect(env, uri));
  if (providers.length && production && !publicUrl) {
    env.refuse('PUBLIC_URL must be set where providers are (OIDC_…): they send people back to it.', undefined);
  }
  if (providers.length && production && !redirectUris.length) {
    env.refuse('OAUTH_REDIRECT_URIS must be set where providers are (OIDC_…): the pages that people come back to.', []);
  }
  const local = corsOrigins.length ? corsOrigins.filter(isLocalOrigin) : ('any' as const);
  return { providers, publicUrl, redirectUris, localRedirects: production || redirectUris.length ? [] : local };
}

function readProvider(
  env: EnvironmentReader,
  name: string,
  { production, registration }: { production: boolean; registration: string },
): ProviderSettings {
  const variable = (suffix: string) => `OIDC_${name}_${suffix}`;
  const text = (suffix: string) => env.text(variable(suffix));
  const byName = PROVIDER_TYPES.find((type) => type === name.toLowerCase()) ?? 'oidc';
  const type = env.oneOf(variable('TYPE'), PROVIDER_TYPES, byName);
  const preset = type === 'oidc' ? undefined : PRESETS[type];
  const secret = text('CLIENT_SECRET');
  const apple = type === 'apple' ? readAppleKey(env, name, secret) : undefined;
  const clientId = text('CLIENT_ID') ?? env.refuse(`${variable('CLIENT_ID')} must be set.`, '');
  return {
    name: name.toLowerCase(),
    type,
    label: text('LABEL') ?? preset?.label ?? labelOf(name),
    issuer: readIssuer(env, variable('ISSUER'), { preset, production }),
    clientId,
    clientSecret: apple ? undefined : secret,
    apple,
    scopes: (text('SCOPES') ?? preset?.scopes ?? OPENID).replaceAll(',', ' '),
    signUp: env.flag(variable('SIGN_UP'), registration === 'open'),
    trustEmail: env.flag(variable('TRUST_EMAIL'), false),
    trustMfa: env.flag(variable('TRUST_MFA'), false),
    allowedDomains: env.list(variable('ALLOWED_DOMAINS')).map((domain) => domain.toLowerCase().replace(/^@/, '')),
  };
}

/** `OUR_COMPANY` → `Our Company`. */
const labelOf = (name: string) =>
  name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join(' ');

function readIssuer(
  env: EnvironmentReader,
  name: string,
  { preset, production }: { preset: Preset | undefined; production: boolean },
): string {
  const issuer = env.text(name) ?? preset?.issuer;
  if (issuer === undefined) return env.refuse(`${name} must be set, such as https://id.example.com.`, '');
  const url = URL.parse(issuer);
  const isAddress = url && !url.search && !url.hash && !url.username && !url.password;
  if (!isAddress || !/^https?:$/.test(url.protocol)) {
    return env.refuse(`${name} must be an address such as https://id.example.com.`, issuer);
  }
  if (url.protocol === 'http:' && (production || !isLocalOrigin(url.origin))) {
    return env.refuse(`${name} must begin with https://; http is for this machine, and not in production.`, issuer);
  }
  return issuer;
}

/** Apple's key: its client secrets are signed with it. */
function readAppleKey(env: EnvironmentReader, name: string, secret: string | undefined): AppleKey | undefined {
  const [team, id, key] = ['TEAM_ID', 'KEY_ID', 'PRIVATE_KEY'].map((suffix) => `OIDC_${name}_${suffix}`) as [string, string, string]; // prettier-ignore
  const privateKey = (env.text(key) ?? (secret?.includes('PRIVATE KEY') ? secret : undefined))?.replaceAll('\\n', '\n');
  const [teamId, keyId] = [env.text(team), env.text(id)];
  if (teamId && keyId && privateKey?.includes('PRIVATE KEY')) return { teamId, keyId, privateKey };
  if (!teamId && !keyId && !privateKey && secret) return undefined; // a secret that was made elsewhere, valid for six months at most
  return env.refuse(`${team}, ${id} and ${key} (the text of the .p8 file) must be set together.`, undefined);
}

function readPublicUrl(env: EnvironmentReader, production: boolean): string | undefined {
  const text = env.text('PUBLIC_URL');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isAddress = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (!isAddress) return env.refuse('PUBLIC_URL must be an address such as https://api.example.com.', undefined);
  if (production && url.protocol !== 'https:' && !isLocalOrigin(url.origin)) {
    return env.refuse('PUBLIC_URL must begin with https:// in production.', undefined);
  }
  return url.href.replace(/\/+$/, '');
}

/** Also custom schemes of apps (`com.example.app:/signed-in`). Compared as exact strings. */
function checkedRedirect(env: EnvironmentReader, uri: string): string {
  const url = URL.parse(uri);
  const isDangerous = /^(?:javascript|data|vbscript|blob|file):$/.test(url?.protocol ?? '');
  if (url && !uri.includes('#') && !uri.includes('*') && !isDangerous && !url.username && !url.password) return uri;
  return env.refuse(
    `OAUTH_REDIRECT_URIS: "${uri}" is not a whole address such as https://app.example.com/signed-in, without # and *.`,
    uri,
  );
}

import { clientOf } from '../auth/providers/providers.js';
import { reasonOf } from '../auth/providers/openid.js';
import { isLocalOrigin } from '../config/origins.js';
import type { ProviderSettings } from '../config/provider-settings.js';
import type { Settings } from '../config/settings.js';
import { bad, doubtful, type Finding, good } from './findings.js';

/** Findings about providers: whether each can be reached, and the redirect URIs. */
export async function examineProviders({
  providers: settings,
  isProduction,
  server: { port },
}: Settings): Promise<Finding[]> {
  const { providers, publicUrl = `http://127.0.0.1:${port}`, redirectUris } = settings;
  if (providers.length === 0) {
    return isProduction || redirectUris.length === 0
      ? []
      : [doubtful('OAUTH_REDIRECT_URIS is set, but no provider (OIDC_…).')];
  }
  const reached = await Promise.all(providers.map((provider) => reach(provider, publicUrl)));
  return [...reached, ...redirects(settings.redirectUris, isProduction)];
}

async function reach(provider: ProviderSettings, publicUrl: string): Promise<Finding> {
  const { name, label, issuer } = provider;
  const variable = `OIDC_${name.toUpperCase()}_ISSUER`;
  try {
    await clientOf(provider).check();
  } catch (error) {
    return bad(
      `${label} (${issuer}) can't be used: ${reasonOf(error)}.`,
      `Is ${variable} right, as the issuer spells it, and may this machine reach it?`,
    );
  }
  return good(`${label} (${issuer}) answers. Its console must know ${publicUrl}/api/auth/providers/${name}/callback.`);
}

function redirects(uris: string[], isProduction: boolean): Finding[] {
  if (uris.length === 0) return [good('Providers: people may come back to any page of this machine, as this is no production.')]; // prettier-ignore
  const open = uris.find((uri) => uri.startsWith('http:') && !isLocalOrigin(new URL(uri).origin));
  const text = `Providers: people may come back to ${uris.join(', ')}.`;
  if (open) return [doubtful(text, `${open} is not encrypted: let it begin with https://.`)];
  const local = uris.find((uri) => isLocalOrigin(new URL(uri).origin));
  return [
    isProduction && local ? doubtful(text, `${local} is whatever listens on the person's own machine.`) : good(text),
  ];
}

import { countLostApps, countSessionsWithoutFactor, type Read } from '../auth/factors/invariants.js';
import { Sealer } from '../auth/sessions/sealer.js';
import type { PasskeySettings } from '../config/passkey-settings.js';
import type { Settings } from '../config/settings.js';
import { bad, doubtful, type Finding, good } from './findings.js';

const NEW_KEY = 'Make one with: openssl rand -base64 32';

/** Findings about the settings of second factors and passkeys. */
export function examineMfaSettings({ mfa, passkeys, isProduction }: Settings): Finding[] {
  return [
    apps(mfa.encryptionKeys, isProduction),
    webAuthn(passkeys),
    good(
      mfa.required === 'none'
        ? 'A second factor is up to everybody (MFA_REQUIRED=none).'
        : `A second factor must have: ${mfa.required} (MFA_REQUIRED).`,
    ),
  ];
}

function apps([key, ...older]: string[], isProduction: boolean): Finding {
  if (key === undefined) {
    return doubtful('DATA_ENCRYPTION_KEY is not set: nobody can set up an authenticator app.', NEW_KEY);
  }
  if (new Set(key).size < 10) return (isProduction ? bad : doubtful)('DATA_ENCRYPTION_KEY can be guessed.', NEW_KEY);
  const others = older.length ? `; ${older.length} older keys still decrypt` : '';
  return good(`Secrets of authenticator apps are encrypted (DATA_ENCRYPTION_KEY)${others}.`);
}

function webAuthn({ relyingParty }: PasskeySettings): Finding {
  if (!relyingParty) return doubtful('WEBAUTHN_RP_ID is not set: there are no passkeys.', 'Set it to your domain.');
  const { rpId, origins, anyLocalPort } = relyingParty;
  if (origins.length === 0 && !anyLocalPort) {
    return bad(`No page lies under ${rpId}: no passkey can be used.`, 'Set WEBAUTHN_ORIGINS, or CORS_ORIGINS.');
  }
  return good(`Passkeys belong to ${rpId}, and are used on: ${origins.join(', ') || 'http://localhost'}`);
}

/** Findings about the second factors in the database. */
export async function examineFactors(read: Read, { mfa }: Settings): Promise<Finding[]> {
  const [lacking, lost] = [
    await countSessionsWithoutFactor(read),
    await countLostApps(read, new Sealer(mfa.encryptionKeys)),
  ];
  return [
    lacking === 0
      ? good('No session lacks the second factor of its account.')
      : bad(`${lacking} sessions lack the second factor of their account.`, 'End them, and tell the maintainers.'),
    lost === 0
      ? good('The secrets of all authenticator apps can be decrypted.')
      : bad(
          `${lost} authenticator apps are of no use: their secrets were encrypted with another key.`,
          'Add that key behind a comma to DATA_ENCRYPTION_KEY; else they need recovery codes, passkeys, or userhub reset-mfa.',
        ),
  ];
}

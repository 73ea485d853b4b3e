import { type SettingsError } from './environment.js';
import { loadSettings } from './settings.js';

const KEY = 'a key for data that only the tests know';
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://ada@127.0.0.1:1/userhub',
  JWT_SECRET_KEY: 'a secret that only the tests know, 48 bytes long.',
};

const problemsOf = (env: Record<string, string>) => {
  try {
    loadSettings({ ...PRODUCTION, ...env });
    return [];
  } catch (error) {
    return (error as SettingsError).problems;
  }
};

describe('settings of second factors', () => {
  it('are off in production until they are set', () => {
    const { mfa, passkeys } = loadSettings(PRODUCTION);
    expect(mfa).toMatchObject({
      required: 'none',
      rememberFor: 30 * 86_400_000,
      stepUpMaxAge: 600_000,
      encryptionKeys: [],
    });
    expect(passkeys.relyingParty).toBeUndefined();
  });

  it('take several keys, with commas between them', () => {
    const { mfa } = loadSettings({ ...PRODUCTION, DATA_ENCRYPTION_KEY: `${KEY}, ${KEY} too` });
    expect(mfa.encryptionKeys).toEqual([KEY, `${KEY} too`]);
  });

  it.each([
    [{ DATA_ENCRYPTION_KEY: 'short' }, 'DATA_ENCRYPTION_KEY must be 32 bytes or more'],
    [{ DATA_ENCRYPTION_KEY: 'change-me-change-me-change-me-change-me' }, 'DATA_ENCRYPTION_KEY is a placeholder'],
    [{ MFA_REQUIRED: 'admins' }, 'MFA_REQUIRED needs DATA_ENCRYPTION_KEY'],
    [{ MFA_REQUIRED: 'some' }, 'MFA_REQUIRED must be one of'],
    [{ WEBAUTHN_ORIGINS: 'https://app.example.com' }, 'WEBAUTHN_ORIGINS needs WEBAUTHN_RP_ID'],
    [{ WEBAUTHN_RP_ID: 'https://example.com' }, 'WEBAUTHN_RP_ID must be a domain'],
    [{ WEBAUTHN_RP_ID: '192.0.2.1' }, 'WEBAUTHN_RP_ID must be a domain'],
    [{ WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: 'https://badexample.com' }, 'does not lie under example.com'],
    [{ WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: 'app.example.com' }, 'is not an origin'],
  ])('refuse %j', (env, problem) => {
    expect(problemsOf(env as unknown as Record<string, string>)).toEqual([expect.stringContaining(problem)]);
  });

  it('belong to the pages of CORS_ORIGINS that lie under the domain, unless others are named', () => {
    const env = {
      ...PRODUCTION,
      WEBAUTHN_RP_ID: 'Example.com',
      CORS_ORIGINS: 'https://app.example.com,https://example.org',
    };
    expect(loadSettings(env).passkeys.relyingParty).toMatchObject({
      rpId: 'example.com',
      origins: ['https://app.example.com'],
    });
    const named = { ...env, WEBAUTHN_ORIGINS: 'https://example.com,android:apk-key-hash:x', WEBAUTHN_RP_NAME: 'Ours' };
    expect(loadSettings(named).passkeys.relyingParty).toMatchObject({
      rpName: 'Ours',
      origins: ['https://example.com', 'android:apk-key-hash:x'],
    });
  });
});

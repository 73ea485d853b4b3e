import { examineProviders } from '../src/cli/doctor.providers.js';
import { loadSettings } from '../src/config/settings.js';
import { SECRET, startApp } from './support/app.js';
import { freePort } from './support/ports.js';
import { SIGNED_IN, signInBy } from './support/providers.js';
import { StubIssuer } from './support/stub-issuer.js';

describe('whoever runs a server with providers', () => {
  let issuer: StubIssuer;
  beforeEach(async () => {
    issuer = await StubIssuer.start();
    issuer.people['ada'] = { sub: 'ada-1', email: 'ada@example.com' };
  });
  afterEach(() => issuer.stop());

  const variables = () => ({
    OIDC_WORK_ISSUER: issuer.url,
    OIDC_WORK_CLIENT_ID: 'userhub',
    OAUTH_REDIRECT_URIS: SIGNED_IN,
  });
  const examine = (more: Record<string, string> = {}) =>
    examineProviders(loadSettings({ NODE_ENV: 'test', JWT_SECRET_KEY: SECRET, ...variables(), ...more }));

  it('is told by doctor that a provider answers, and what its console must know', async () => {
    expect(await examine({ PUBLIC_URL: 'https://api.example.com' })).toMatchObject([
      { verdict: 'good', text: expect.stringContaining('https://api.example.com/api/auth/providers/work/callback') },
      { verdict: 'good', text: expect.stringContaining(SIGNED_IN) },
    ]);
  });

  it('is told that one is away, or is another than it should be', async () => {
    issuer.manners.metadata = { issuer: 'https://evil.example' };
    expect(await examine()).toMatchObject([
      { verdict: 'bad', remedy: expect.stringContaining('OIDC_WORK_ISSUER') },
      {},
    ]);
    await issuer.stop();
    expect(await examine()).toMatchObject([{ verdict: 'bad', text: expect.stringContaining(issuer.url) }, {}]);
  });

  it('is told of pages that are read on the way', async () => {
    const [, redirects] = await examine({ OAUTH_REDIRECT_URIS: 'http://app.example.com/signed-in' });
    expect(redirects).toMatchObject({ verdict: 'doubtful' });
  });

  it('sees what becomes of people at each of them', async () => {
    const port = await freePort();
    const app = await startApp({ ...variables(), METRICS_PORT: String(port) });
    const count = async (result: string) => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return new RegExp(`^userhub_provider_sign_ins_total\\{provider="work",result="${result}"\\} (\\d+)$`, 'm').exec(
        text,
      )?.[1];
    };
    try {
      expect(await count('unreachable')).toBe('0');
      await signInBy(app, 'work', 'ada');
      expect(await count('success')).toBe('1');
      await app.sql('UPDATE users SET is_active = false');
      await signInBy(app, 'work', 'ada');
      expect(await count('refused')).toBe('1');
      issuer.manners.forges = true;
      await signInBy(app, 'work', 'ada');
      expect(await count('failed')).toBe('1');
    } finally {
      await app.close();
    }
  });
});

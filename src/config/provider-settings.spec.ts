import { EnvironmentReader, type Environment } from './environment.js';
import { readProviders } from './provider-settings.js';

function read(
  variables: Environment,
  { production = false, corsOrigins = [] as string[], registration = 'open' } = {},
) {
  const env = new EnvironmentReader(variables);
  return { settings: readProviders(env, production, { corsOrigins, registration }), problems: env.problems };
}

const WORK = { OIDC_WORK_ISSUER: 'https://id.example.com', OIDC_WORK_CLIENT_ID: 'userhub' };
const PLACES = { PUBLIC_URL: 'https://api.example.com', OAUTH_REDIRECT_URIS: 'https://app.example.com/signed-in' };

describe('the settings of providers', () => {
  it('are none unless there are some', () => {
    expect(read({}).settings).toEqual({ providers: [], publicUrl: undefined, redirectUris: [], localRedirects: 'any' });
  });

  it('name a provider in lower case, however many words its name has', () => {
    const { settings, problems } = read({ OIDC_OUR_COMPANY_ISSUER: 'https://id.example.com/', OIDC_OUR_COMPANY_CLIENT_ID: 'x' }); // prettier-ignore
    expect(problems).toEqual([]);
    expect(settings.providers).toMatchObject([{ name: 'our_company', label: 'Our Company', type: 'oidc', issuer: 'https://id.example.com/', signUp: true, trustEmail: false, trustMfa: false }]); // prettier-ignore
  });

  it.each([
    ['GOOGLE', 'google', 'https://accounts.google.com'],
    ['MICROSOFT', 'microsoft', 'https://login.microsoftonline.com/common/v2.0'],
    ['GITHUB', 'github', 'https://github.com'],
  ])('know %s', (name, type, issuer) => {
    expect(read({ [`OIDC_${name}_CLIENT_ID`]: 'x' }).settings.providers).toMatchObject([{ type, issuer }]);
  });

  it('let newcomers in only where registration is open, unless they say so', () => {
    const [closed] = read(WORK, { registration: 'closed' }).settings.providers;
    expect(closed?.signUp).toBe(false);
    const [open] = read({ ...WORK, OIDC_WORK_SIGN_UP: 'true' }, { registration: 'closed' }).settings.providers;
    expect(open?.signUp).toBe(true);
  });

  it.each<[Environment, RegExp]>([
    [{ OIDC_WORK_CLIENT_ID: 'x' }, /OIDC_WORK_ISSUER must be set/],
    [{ OIDC_WORK_ISSUER: 'https://id.example.com' }, /OIDC_WORK_CLIENT_ID must be set/],
    [{ ...WORK, OIDC_WORK_ISSUER: 'http://id.example.com' }, /must begin with https/],
    [{ ...WORK, OIDC_WORK_ISSUER: 'id.example.com' }, /must be an address/],
    [{ ...WORK, OIDC_WORK_TYPE: 'facebook' }, /must be one of/],
    [{ OIDC_APPLE_CLIENT_ID: 'x' }, /OIDC_APPLE_TEAM_ID, OIDC_APPLE_KEY_ID and OIDC_APPLE_PRIVATE_KEY/],
    [{ ...WORK, OAUTH_REDIRECT_URIS: 'https://app.example.com/*' }, /OAUTH_REDIRECT_URIS/],
    [{ ...WORK, OAUTH_REDIRECT_URIS: 'javascript:alert(1)' }, /OAUTH_REDIRECT_URIS/],
    [{ ...WORK, OAUTH_REDIRECT_URIS: '/signed-in' }, /OAUTH_REDIRECT_URIS/],
    [{ ...WORK, PUBLIC_URL: 'api.example.com' }, /PUBLIC_URL/],
  ])('refuse %j', (variables, pattern) => {
    expect(read(variables).problems.join('\n')).toMatch(pattern);
  });

  it('need to be told in production where everything is, and let nothing be read on the way', () => {
    expect(read(WORK, { production: true }).problems.join()).toMatch(/PUBLIC_URL.*OAUTH_REDIRECT_URIS/);
    expect(read({ ...WORK, ...PLACES }, { production: true }).problems).toEqual([]);
    const onLoopback = { ...WORK, ...PLACES, OIDC_WORK_ISSUER: 'http://127.0.0.1:4400' };
    expect(read(onLoopback, { production: true }).problems.join()).toMatch(/https/);
    expect(read(onLoopback).problems).toEqual([]);
  });

  it('let developers be sent back to origins of theirs on this machine, and to no others once there is a list', () => {
    const corsOrigins = ['http://localhost:5173', 'https://app.example.com'];
    expect(read(WORK, { corsOrigins }).settings.localRedirects).toEqual(['http://localhost:5173']);
    expect(read({ ...WORK, ...PLACES }, { corsOrigins }).settings.localRedirects).toEqual([]);
    expect(read({ ...WORK, ...PLACES }, { production: true }).settings.localRedirects).toEqual([]);
  });
});

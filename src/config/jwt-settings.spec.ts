import { EnvironmentReader } from './environment.js';
import { readJwt } from './jwt-settings.js';

const LONG = 'jXb1c0ZmQv3u8t5w9yAbCdEfGhJkLmNp';
const OTHER = 'Qw8eRt5zUi0oPaSdFgHjKlYxCvBnM1234';

function read(env: Record<string, string>, { production = true } = {}) {
  const reader = new EnvironmentReader(env);
  const jwt = readJwt(reader, production, () => 'made for development');
  return { jwt, problems: reader.problems };
}

describe('JWT_SECRET_KEY', () => {
  it('is one key', () => {
    expect(read({ JWT_SECRET_KEY: LONG })).toMatchObject({ jwt: { algorithm: 'HS256', keys: [LONG] }, problems: [] });
  });

  it('is also read as SECRET_KEY, which comes second', () => {
    expect(read({ SECRET_KEY: LONG }).jwt.keys).toEqual([LONG]);
    expect(read({ SECRET_KEY: LONG, JWT_SECRET_KEY: OTHER }).jwt.keys).toEqual([OTHER]);
  });

  it('may be several, of which the first signs', () => {
    expect(read({ JWT_SECRET_KEY: `${LONG}, ${OTHER}` }).jwt.keys).toEqual([LONG, OTHER]);
  });

  it('may hold a comma, if what is around it is too short for keys', () => {
    const key = 'a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q';
    expect(read({ JWT_SECRET_KEY: key })).toMatchObject({ jwt: { keys: [key] }, problems: [] });
  });

  it('counts bytes', () => {
    expect(read({ JWT_SECRET_KEY: 'é'.repeat(16) }).problems).toEqual([]);
    expect(read({ JWT_SECRET_KEY: 'x'.repeat(31) }).problems).toEqual([expect.stringContaining('32 bytes') as string]);
  });

  it('must be there in production, and is made elsewhere', () => {
    expect(read({}).problems).toEqual([expect.stringMatching(/must be set in production.*openssl/) as string]);
    expect(read({}, { production: false })).toMatchObject({ jwt: { keys: ['made for development'] }, problems: [] });
  });

  it('must be long enough everywhere', () => {
    expect(read({ JWT_SECRET_KEY: 'short' }, { production: false }).problems).toHaveLength(1);
  });

  it.each([
    'your-secret-key-change-in-production',
    'your_super_secret_key_with_enough_bytes',
    'change-me-change-me-change-me-change-me',
    'CHANGEME-0123456789-0123456789-0123456789',
    'please-replace-this-with-something-long-please',
    '<a long random secret goes in here please>',
    'this is a placeholder of some thirty bytes',
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    'changeme',
  ])('may not be what stands in examples: %s', (key) => {
    expect(read({ JWT_SECRET_KEY: key }).problems).toEqual([expect.stringContaining('placeholder') as string]);
  });

  it('says nothing of itself when refused', () => {
    for (const key of ['short', 'change-me-change-me-change-me-change-me']) {
      expect(read({ JWT_SECRET_KEY: key }).problems.join()).not.toContain(key);
    }
  });
});

describe('JWT_ALGORITHM', () => {
  const pem = (label: string) => `-----BEGIN ${label}-----\nMC4CAQ\n-----END ${label}-----`;

  it('ES256 and EdDSA take PEM blocks, one after the other, in one line if need be', () => {
    const blocks = [pem('PRIVATE KEY'), pem('PUBLIC KEY')];
    for (const text of [blocks.join('\n'), blocks.join('\n').replaceAll('\n', '\\n')]) {
      const { jwt, problems } = read({ JWT_ALGORITHM: 'eddsa', JWT_SECRET_KEY: text });
      expect({ jwt, problems }).toMatchObject({ jwt: { algorithm: 'EdDSA', keys: blocks }, problems: [] });
    }
  });

  it('they have no default, and no plain secret will do', () => {
    const environments: Record<string, string>[] = [{}, { JWT_SECRET_KEY: LONG }];
    for (const env of environments) {
      expect(read({ ...env, JWT_ALGORITHM: 'ES256' }, { production: false }).problems).toEqual([
        expect.stringContaining('PEM') as string,
      ]);
    }
  });

  it.each(['none', 'HS384', 'RS256'])('refuses %s', (algorithm) => {
    expect(read({ JWT_ALGORITHM: algorithm, JWT_SECRET_KEY: LONG }).problems).toEqual([
      'JWT_ALGORITHM must be one of: HS256, ES256, EdDSA.',
    ]);
  });
});

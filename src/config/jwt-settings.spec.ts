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
    'your_super_secret_key_besideenough_bytes',
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

  it('may change: secrets and PEM blocks stand in one list, in any order', () => {
    const [ec, ed] = [pem('EC PRIVATE KEY'), pem('PRIVATE KEY')];
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n';
    const texts: [algorithm: string, text: string, keys: string[]][] = [
      ['HS256', `${LONG},${parameters}${ec}`, [LONG, ec]],
      ['HS256', `${LONG}\n${ec}\n${OTHER}\n${ed}\n`, [LONG, ec, OTHER, ed]],
      ['ES256', `${ec},${LONG}`, [ec, LONG]],
      ['ES256', `${ec}\n,${LONG}, ${OTHER},`, [ec, LONG, OTHER]],
      ['EdDSA', `${ed}${ec},${LONG}`, [ed, ec, LONG]],
    ];
    for (const [JWT_ALGORITHM, text, keys] of texts) {
      for (const JWT_SECRET_KEY of [text, text.replaceAll('\n', '\\n')]) {
        const { jwt, problems } = read({ JWT_ALGORITHM, JWT_SECRET_KEY });
        expect({ keys: jwt.keys, problems }).toEqual({ keys, problems: [] });
      }
    }
  });

  it('is that of the first key: a PEM block is no secret for HS256', () => {
    const { problems } = read({ JWT_SECRET_KEY: `${pem('PUBLIC KEY')},${LONG}` });
    expect(problems).toEqual([expect.stringContaining('set JWT_ALGORITHM') as string]);
  });

  it('old secrets must be as good as new ones', () => {
    const beside = (secret: string) =>
      read({ JWT_ALGORITHM: 'ES256', JWT_SECRET_KEY: `${pem('PRIVATE KEY')},${secret}` });
    expect(beside('too short').problems).toEqual([expect.stringContaining('32 bytes') as string]);
    expect(beside('changeme-changeme-changeme-changeme').problems).toEqual([
      expect.stringContaining('placeholder') as string,
    ]);
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

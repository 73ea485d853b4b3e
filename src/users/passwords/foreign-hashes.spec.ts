import { createCipheriv, createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import bcrypt from 'bcrypt';
import { PasswordHasher } from './password-hasher.js';

// each is made here as the other system documents it, unless it is a published vector
const PASSWORD = 'a password of before';
const SALT = 'NaClNaClNaCl';
const b64 = (bytes: Buffer) => bytes.toString('base64');
const unpadded = (bytes: Buffer) => b64(bytes).replace(/=+$/, '');
const ab64 = (bytes: Buffer) => unpadded(bytes).replaceAll('+', '.');
const pbkdf2 = (digest: string, iterations: number, length = 32, salt: string | Buffer = SALT) =>
  pbkdf2Sync(PASSWORD, salt, iterations, length, digest);
const scrypt = (N: number, r: number, p: number, length = 64, salt: string | Buffer = SALT) =>
  scryptSync(PASSWORD, salt, length, { N, r, p, maxmem: 2 ** 28 });
const rawSalt = Buffer.from(SALT);

const SIGNER_KEY = Buffer.alloc(64, 'signer key of a project');
const SEPARATOR = Buffer.from('Bw==', 'base64');
function firebaseKey(): string {
  const cipher = createCipheriv('aes-256-ctr', scrypt(2 ** 14, 8, 1, 32, Buffer.concat([rawSalt, SEPARATOR])), Buffer.alloc(16)); // prettier-ignore
  return b64(Buffer.concat([cipher.update(SIGNER_KEY), cipher.final()]));
}

function aspNet(prf: number, digest: string, iterations: number): string {
  const head = Buffer.alloc(13);
  head[0] = 1;
  [prf, iterations, rawSalt.length].forEach((value, index) => head.writeUInt32BE(value, 1 + 4 * index));
  return b64(Buffer.concat([head, rawSalt, pbkdf2(digest, iterations, 32, rawSalt)]));
}

// of PASSWORD, made by @node-rs/argon2 2.2.1
const ARGON2ID = '$argon2id$v=19$m=4096,t=3,p=1$soHwBT6GrnJxk58ZA3QG1Q$rgfJ2F+1RQCKWJoVUINSJ6zhF1NJNwKtdXpcUkKlD/A';
const ARGON2I = '$argon2i$v=19$m=4096,t=3,p=1$rf1iUDTk8x6zDwIuGIBB3g$FSGUM239l6oa9DPMU0X1NsHCLE/dcvylKmdbfhC+97g';
const ARGON2D = '$argon2d$v=19$m=4096,t=3,p=1$tGJPZzvLhX/1neyg6kto1w$21qn/93dKQ9dzvE+xQ/E7gIJbZ0nr5z/oLRjKwP7X9w';
const ARGON2ID_16 = '$argon2id$v=16$m=4096,t=3,p=1$aviGCxdmRlcfm9RoYADA0A$IOe0pqFrMQ/06FVMIUIMTaMvr9+dom2/zBSkc4LceB4';

const betterAuthSalt = rawSalt.toString('hex');

const VECTORS: string[][] = [
  ['Django, bcrypt', `bcrypt$${bcrypt.hashSync(PASSWORD, 4)}`],
  ['Django, bcrypt_sha256', `bcrypt_sha256$${bcrypt.hashSync(createHash('sha256').update(PASSWORD).digest('hex'), 4)}`],
  ['argon2id', ARGON2ID],
  ['argon2i', ARGON2I],
  ['argon2d', ARGON2D],
  ['argon2id of version 16', ARGON2ID_16],
  ['argon2id that names no version', ARGON2ID_16.replace('$v=16', '')],
  ['Django, argon2', `argon2${ARGON2ID}`],
  ['scrypt, PHC', `$scrypt$ln=14,r=8,p=1$${unpadded(rawSalt)}$${unpadded(scrypt(2 ** 14, 8, 1, 32, rawSalt))}`],
  ['scrypt, Werkzeug', `scrypt:32768:8:1$${SALT}$${scrypt(32768, 8, 1).toString('hex')}`],
  ['scrypt, Django', `scrypt$16384$${SALT}$8$5$${b64(scrypt(16384, 8, 5))}`],
  [
    'scrypt, better-auth',
    `${betterAuthSalt}:${scrypt(16384, 16, 1, 64, betterAuthSalt).toString('hex')}`,
    'better-auth',
  ],
  [
    'Firebase, GoTrue',
    `$fbscrypt$v=1,n=14,r=8,p=1,ss=${b64(SEPARATOR)},sk=${b64(SIGNER_KEY)}$${b64(rawSalt)}$${firebaseKey()}`,
  ],
  [
    'Firebase, Kratos',
    `$firescrypt$ln=14,r=8,p=1$${b64(rawSalt)}$${firebaseKey()}$${b64(SEPARATOR)}$${b64(SIGNER_KEY)}`,
  ],
  ['PBKDF2, Django', `pbkdf2_sha256$10000$${SALT}$${b64(pbkdf2('sha256', 10000))}`],
  ['PBKDF2 of SHA-1, Django', `pbkdf2_sha1$10000$${SALT}$${b64(pbkdf2('sha1', 10000, 20))}`],
  ['PBKDF2, Werkzeug', `pbkdf2:sha256:10000$${SALT}$${pbkdf2('sha256', 10000).toString('hex')}`],
  ['PBKDF2, passlib', `$pbkdf2-sha512$10000$${ab64(rawSalt)}$${ab64(pbkdf2('sha512', 10000, 64, rawSalt))}`],
  ['PBKDF2 of SHA-1, passlib', `$pbkdf2$10000$${ab64(rawSalt)}$${ab64(pbkdf2('sha1', 10000, 20, rawSalt))}`],
  ['ASP.NET Identity v3', aspNet(1, 'sha256', 10000)],
  ['ASP.NET Identity v3 of .NET 7', aspNet(2, 'sha512', 10000)],
];

/** Published: by Firebase (github.com/firebase/scrypt), by RFC 7914 and by the bcrypt of OpenBSD's tests. */
const PUBLISHED: [string, string, string][] = [
  [
    'Firebase',
    'user1password',
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  ],
  [
    'RFC 7914',
    'pleaseletmein',
    `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride'))}$${unpadded(Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887', 'hex'))}`,
  ],
];

const hasher = new PasswordHasher({ rounds: 4, threads: 1, maxWaitMs: 60_000 });
afterAll(() => hasher.close());

const storedOf = (hash: string, type?: string): string => {
  const adopted = hasher.adopt(hash, type);
  if (typeof adopted === 'string') throw new Error(`${adopted}: ${hash}`);
  return adopted.stored;
};

describe('hashes of other systems', () => {
  it.each(VECTORS)('verifies %s, and wants it renewed', async (...[, hash, type]: string[]) => {
    const stored = storedOf(hash ?? '', type);
    await expect(hasher.verify(PASSWORD, stored)).resolves.toBe(true);
    await expect(hasher.verify(`${PASSWORD} `, stored)).resolves.toBe(false);
    expect(hasher.needsRehash(stored)).toBe(true);
  });

  it.each(PUBLISHED)('verifies a hash published by %s', async (_, password, hash) => {
    await expect(hasher.verify(password, storedOf(hash))).resolves.toBe(true);
    await expect(hasher.verify(`${password}.`, storedOf(hash))).resolves.toBe(false);
  });

  it.each(['2a', '2b', '2y'])('takes bcrypt as it is, $%s$', async (variant) => {
    const hash = bcrypt.hashSync(PASSWORD, 4).replace('$2b$', `$${variant}$`);
    expect(storedOf(hash)).toBe(hash);
    await expect(hasher.verify(PASSWORD, hash)).resolves.toBe(true);
  });

  it('verifies a password of more than 72 bytes, which ours would cut', async () => {
    const long = 'x'.repeat(100);
    const stored = storedOf(`pbkdf2_sha256$1000$${SALT}$${b64(pbkdf2Sync(long, SALT, 1000, 32, 'sha256'))}`);
    await expect(hasher.verify(long, stored)).resolves.toBe(true);
    expect(hasher.canHash(long)).toBe(false);
  });

  it('verifies what was hashed as typed, in no normal form', async () => {
    const typed = 'cafe\u0301 society';
    const stored = storedOf(`pbkdf2_sha256$1000$${SALT}$${b64(pbkdf2Sync(typed, SALT, 1000, 32, 'sha256'))}`);
    await expect(hasher.verify(typed, stored)).resolves.toBe(true);
  });

  it.each([
    ['argon2 of 257 MiB', '$argon2id$v=19$m=263168,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG'],
    ['argon2 of 11 rounds', '$argon2id$v=19$m=4096,t=11,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG'],
    ['argon2 of 17 lanes', '$argon2id$v=19$m=4096,t=2,p=17$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG'],
    ['scrypt of 2 GiB', `scrypt:2097152:8:1$${SALT}$${'ab'.repeat(64)}`],
    ['scrypt with a huge r', `scrypt:16384:99999:1$${SALT}$${'ab'.repeat(64)}`],
    ['scrypt of 17 lanes', `scrypt:16384:8:17$${SALT}$${'ab'.repeat(64)}`],
    ['scrypt, PHC', `$scrypt$ln=31,r=8,p=1$${unpadded(rawSalt)}$${unpadded(Buffer.alloc(32))}`],
    ['Firebase', `$fbscrypt$v=1,n=20,r=8,p=1,ss=Bw==,sk=${b64(SIGNER_KEY)}$${b64(rawSalt)}$${b64(SIGNER_KEY)}`],
    ['PBKDF2 of 5,000,001', `pbkdf2_sha256$5000001$${SALT}$${b64(Buffer.alloc(32))}`],
    ['PBKDF2 of many blocks', `pbkdf2:sha1:1000000$${SALT}$${'ab'.repeat(200)}`],
    ['ASP.NET', aspNet(1, 'sha256', 10).replace(/^AQAAAAEAA.{4}/, 'AQAAAAEAf//+AA')],
    ['bcrypt of 17', bcrypt.hashSync(PASSWORD, 4).replace('$04$', '$17$')],
    ['bcrypt of 31, Django', `bcrypt$${bcrypt.hashSync(PASSWORD, 4).replace('$04$', '$31$')}`],
  ])('refuses %s as too costly', (_, hash) => {
    expect(hasher.adopt(hash)).toBe('hash_too_costly');
  });

  it.each([
    ['MD5', 'd077f244def8a70e5ea758bd8352fcd8'],
    ['SHA-1', '356a192b7913b04c54574d18c28d46e6395428ab'],
    ['Django, MD5', 'md5$salt$d077f244def8a70e5ea758bd8352fcd8'],
    ['Django, SHA-1', 'sha1$salt$356a192b7913b04c54574d18c28d46e6395428ab'],
    ['crypt', 'rl.3StKT.4T8M'],
    ['crypt, MD5', '$1$salt$qJH7.N4xYta3aEG/dfqo/0'],
    ['an unusable one of Django', '!fourtythree'],
    ['nothing', ''],
    ['a password', PASSWORD],
    ['a short key', `pbkdf2_sha256$1000$${SALT}$YWJj`],
    ['scrypt of no power of two', `scrypt:16383:8:1$${SALT}$${'ab'.repeat(64)}`],
    ['PBKDF2 of nothing', `pbkdf2_sha256$0$${SALT}$${b64(Buffer.alloc(32))}`],
    ['a megabyte', `pbkdf2_sha256$1000$${'x'.repeat(1_000_000)}$${b64(Buffer.alloc(32))}`],
    ['better-auth that isn’t said', `${betterAuthSalt}:${'ab'.repeat(64)}`],
  ])('refuses %s', (_, hash) => {
    expect(hasher.adopt(hash)).toBe('hash_not_supported');
  });

  it('makes every wrong answer as slow as one to the slowest hash in use', async () => {
    const timed = async (hash: string | null) => {
      const start = performance.now();
      await hasher.verify('wrong', hash);
      return performance.now() - start;
    };
    const slow = `pbkdf2_sha256$1500000$${SALT}$${b64(Buffer.alloc(32, 1))}`;
    const quick = `pbkdf2_sha256$1000$${SALT}$${b64(Buffer.alloc(32, 1))}`;
    const itself = await timed(slow);
    hasher.padFor([quick, slow]);
    for (const hash of [null, await hasher.hash(PASSWORD), quick])
      expect(await timed(hash)).toBeGreaterThan(itself / 4);
    hasher.padFor([]);
  });
});

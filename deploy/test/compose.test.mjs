// Holds compose.yaml to what UserHub and PostgreSQL expect of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { parse } from 'yaml';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

describe('compose.yaml', () => {
  let app, db;
  before(() => {
    ({ app, db } = parse(read('compose.yaml')).services);
  });

  it('sets what UserHub knows', () => {
    const known = new Set([...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name));
    assert.ok(known.has('JWT_SECRET_KEY'));
    for (const name of Object.keys(app.environment)) assert.ok(known.has(name), name);
  });

  it('hands every setting of .env on, save those that say how it is put together', () => {
    assert.deepEqual(app.env_file, [{ path: '.env', required: false }]);
    const settings = [...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => [
      name,
      `${name} of .env`,
    ]);
    const seen = { ...Object.fromEntries(settings), ...app.environment }; // as Compose does it: the latter prevails
    const own = Object.keys(app.environment).filter((name) => name !== 'JWT_SECRET_KEY');
    assert.deepEqual(own.sort(), ['DATABASE_POOLER', 'DATABASE_URL', 'DATABASE_URL_DIRECT', 'DB_HOST', 'DB_NAME', 'DB_PASSWORD', 'DB_PORT', 'DB_USER', 'HOST', 'NODE_ENV', 'PORT']); // prettier-ignore
    for (const [name, value] of settings) {
      if (!(name in app.environment)) assert.equal(seen[name], value);
    }
    assert.deepEqual([seen.NODE_ENV, seen.HOST, seen.PORT, seen.DATABASE_URL], ['production', '0.0.0.0', '8000', '']);
    assert.match(app.ports[0], /^127\.0\.0\.1:\$\{PORT:-8000\}:8000$/);
  });

  it('is told in three lines, which README and compose.yaml say alike: the secrets, the start, an admin', () => {
    const lines = read('compose.yaml')
      .match(/^#   .*$/gm)
      .map((line) => line.slice(4));
    assert.equal(lines.length, 3);
    for (const line of lines) assert.ok(read('README.md').includes(line), line);
    for (const name of ['POSTGRES_PASSWORD', 'JWT_SECRET_KEY']) assert.ok(lines[0].includes(`${name}=%s`));
    assert.match(lines[1], /^docker compose up .*--wait$/);
    assert.match(lines[2], /^docker compose exec app node dist\/src\/cli\/main\.js create-admin /);
  });

  it('has no secret of its own', () => {
    for (const secret of [
      app.environment.JWT_SECRET_KEY,
      app.environment.DB_PASSWORD,
      db.environment.POSTGRES_PASSWORD,
    ]) {
      assert.match(secret, /^\$\{[A-Z_]+:\?must be set/);
    }
  });

  it('lets the two find each other', () => {
    const { DB_HOST, DB_USER, DB_PASSWORD, DB_NAME } = app.environment;
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = db.environment;
    assert.deepEqual([DB_HOST, DB_USER, DB_PASSWORD, DB_NAME], ['db', POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB]);
    assert.equal(app.depends_on.db.condition, 'service_healthy');
    assert.ok(db.healthcheck.test.includes('--host=127.0.0.1'));
  });

  it('is open to this machine only, and has as few rights as there are', () => {
    for (const port of app.ports) assert.match(port, /^127\.0\.0\.1:/);
    assert.equal(db.ports, undefined);
    assert.deepEqual([app.read_only, app.cap_drop, app.security_opt], [true, ['ALL'], ['no-new-privileges:true']]);
  });
});

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

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Server, startServer } from '../../client/test/support/server.ts';
import { files } from '../generate/files.ts';
import { type OpenApi, requests } from '../generate/requests.ts';
import { send } from './rest-client.ts';

const FOLDER = path.resolve(import.meta.dirname, '..');
const NEWMAN = createRequire(import.meta.url).resolve('newman/bin/newman.js');

const read = (name: string) => readFile(path.join(FOLDER, name), 'utf8');
const openapi = await read('../openapi.json');
const story = requests(JSON.parse(openapi) as OpenApi).flatMap((folder) => folder.requests);

describe('the request collection', () => {
  for (const [name, content] of Object.entries(files(openapi))) {
    it(`is up to date in ${name}`, async () => {
      assert.equal(await read(name), content, 'run "npm run generate" in collection/, and commit what it writes');
    });
  }

  it('gives a feature that the story does not know a folder of its own, before the end', () => {
    const document = JSON.parse(openapi) as OpenApi;
    const note = { summary: 'A note', tags: ['Notes'] };
    document.paths['/api/notes'] = { post: { ...note, operationId: 'createNote', responses: { 201: {} } } };
    document.paths['/api/notes/{id}'] = {
      delete: { ...note, operationId: 'deleteNote', responses: { 204: {} } },
      get: { ...note, operationId: 'getNote', responses: { 200: {} } },
    };
    const told = requests(document);
    assert.deepEqual(
      told.slice(-3).map(({ folder }) => folder.name),
      ['Notes', 'Health', 'Sign out'],
    );
    assert.deepEqual(
      told.at(-3)?.requests.map(({ id, path: where, keep }) => [id, where, keep]),
      [
        ['createNote', '/api/notes', { note_id: 'id' }],
        ['getNote', '/api/notes/{{note_id}}', {}],
        ['deleteNote', '/api/notes/{{note_id}}', {}],
      ],
    );
  });

  it('refuses to leave out an operation of a tag that the story knows', () => {
    const document = JSON.parse(openapi) as OpenApi;
    document.paths['/api/new'] = {
      get: { operationId: 'getNews', summary: 'What is new', tags: ['Tasks'], responses: { 200: {} } },
    };
    assert.throws(() => requests(document), /getNews/);
  });
});

describe('against the server', () => {
  let server: Server;
  let folder: string;
  before(async () => {
    server = await startServer();
    folder = await mkdtemp(path.join(tmpdir(), 'newman-'));
  });
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const settings = () => ({
    base_url: server.url,
    admin_email: server.admin.email,
    admin_password: server.admin.password,
  });

  interface Report {
    run: {
      stats: { requests: { total: number }; assertions: { total: number; failed: number } };
      failures: { source: { name: string }; error: { message: string } }[];
    };
  }

  async function newman(): Promise<Report['run']> {
    const report = path.join(folder, 'report.json');
    const values = Object.entries(settings()).flatMap(([name, value]) => ['--env-var', `${name}=${value}`]);
    const run = ['run', 'userhub.postman_collection.json', '--environment', 'userhub.postman_environment.json'];
    const reporters = ['--reporters', 'json', '--reporter-json-export', report];
    const child = spawn(process.execPath, [NEWMAN, ...run, ...values, ...reporters], { cwd: FOLDER, stdio: 'inherit' });
    await once(child, 'exit');
    return (JSON.parse(await readFile(report, 'utf8')) as Report).run;
  }

  it('works from top to bottom in Postman', async () => {
    const { stats, failures } = await newman();
    assert.deepEqual(
      failures.map(({ source, error }) => `${source.name}: ${error.message}`),
      [],
    );
    assert.equal(stats.requests.total, story.length);
    assert.equal(stats.assertions.total, story.length);
  });

  it('works from top to bottom as a .http file', async () => {
    await delay(1_000); // the names in it are made of the second, and so are those that Postman has just used
    const exchanges = await send(await read('requests.http'), settings());
    assert.deepEqual(
      exchanges.map(({ name, status }) => [name, status]),
      story.map(({ name, status }) => [name, status]),
    );
  });
});

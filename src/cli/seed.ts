import type { INestApplicationContext } from '@nestjs/common';
import { SCRIPT } from '../request.js';
import { Settings } from '../config/settings.js';
import { Passwords } from '../users/passwords/passwords.js';
import { UsersService } from '../users/users.service.js';
import { DEMO_PASSWORD, madeUpUser, plantDemo } from './demo.js';
import { Failure } from './failures.js';
import { progressBar } from './progress-bar.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

interface Options {
  users?: number;
  force?: boolean;
}

const BATCH = 1000;

/** `seed`: adds the demo data, and generated users on request. @throws Failure in production, unless forced */
export async function seed(terminal: Terminal, { users = 0, force = false }: Options): Promise<void> {
  await withApp(terminal, async (app) => {
    if (app.get(Settings).isProduction && !force) {
      throw new Failure('The password of the demo data is public, and this is production. --force adds them.');
    }
    for (const [kind, planted] of Object.entries(await plantDemo(app))) {
      say(terminal, planted.length ? `Added ${planted.length} ${kind}:` : `All ${kind} exist.`);
      for (const line of planted) say(terminal, `  ${line}`);
    }
    if (users) say(terminal, `Added ${await addMadeUpUsers(app, users, terminal)} of ${users} generated users.`);
    say(terminal, `Their password: ${DEMO_PASSWORD}`);
  });
}

/** In batches and with one hash for all, as each hash would take 0.25 s. Returns how many were added. */
async function addMadeUpUsers(app: INestApplicationContext, count: number, terminal: Terminal): Promise<number> {
  const users = app.get(UsersService);
  const hash = await app.get(Passwords).hasher.hash(DEMO_PASSWORD);
  const bar = progressBar(terminal, count);
  let added = 0;
  for (let first = 1; first <= count; first += BATCH) {
    const size = Math.min(BATCH, count - first + 1);
    added += await users.importMany(
      Array.from({ length: size }, (_, i) => madeUpUser(first + i, hash)),
      SCRIPT,
    );
    bar?.increment(size);
  }
  bar?.stop();
  return added;
}

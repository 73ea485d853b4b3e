import { setTimeout as delay } from 'node:timers/promises';
import { SCRIPT } from '../request.js';
import { REFUSAL_MEMORY } from '../throttle/rejections.js';
import { UsersService } from '../users/users.service.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** `unblock`: ends a block after too many wrong passwords. @throws Failure for an unknown user */
export async function unblock(terminal: Terminal, identifier: string): Promise<void> {
  await withApp(terminal, async (app) => {
    const users = app.get(UsersService);
    const user = await (identifier.includes('@') ? users.findByEmail(identifier) : users.findByUsername(identifier));
    if (!user) throw new Failure(`There is no user "${identifier}".`);
    await users.clearThrottle(user.id, SCRIPT);
    await delay(REFUSAL_MEMORY); // until the servers' cached refusals expire
    say(terminal, `${user.username} <${user.email}> can try again at once.`);
  });
}

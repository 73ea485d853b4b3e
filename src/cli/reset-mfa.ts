import { Mfa } from '../auth/factors/mfa.service.js';
import { SCRIPT } from '../request.js';
import { UsersService } from '../users/users.service.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** `reset-mfa`: removes all second factors of a user. @throws Failure for an unknown user */
export async function resetMfa(terminal: Terminal, identifier: string): Promise<void> {
  await withApp(terminal, async (app) => {
    const users = app.get(UsersService);
    const user = await (identifier.includes('@') ? users.findByEmail(identifier) : users.findByUsername(identifier));
    if (!user) throw new Failure(`There is no user "${identifier}".`);
    await app.get(Mfa).resetAs(user.id, SCRIPT);
    say(terminal, `${user.username} <${user.email}> has no second factor any more, and is signed out everywhere.`);
  });
}

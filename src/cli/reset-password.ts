import { PasswordResetService } from '../auth/recovery/password-reset.service.js';
import { SCRIPT } from '../request.js';
import { UsersService } from '../users/users.service.js';
import { Failure } from './failures.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** `reset-password`: prints a link to choose a new password. @throws Failure for an unknown user */
export async function resetPassword(terminal: Terminal, identifier: string): Promise<void> {
  await withApp(terminal, async (app) => {
    const users = app.get(UsersService);
    const user = await (identifier.includes('@') ? users.findByEmail(identifier) : users.findByUsername(identifier));
    if (!user) throw new Failure(`There is no user "${identifier}".`);
    const { url, code, expires_at } = await app.get(PasswordResetService).linkFor(user.id, SCRIPT);
    say(terminal, url);
    say(
      terminal,
      `Code ${code.slice(0, 3)} ${code.slice(3)}, for ${user.username} <${user.email}>, until ${expires_at.toISOString()}.`,
    );
  });
}

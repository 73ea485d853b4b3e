/*
 * How a script of your own uses UserHub without HTTP: the services of the controllers, with the same rules, on the same
 * database. Copy this file, and change what is between the braces of `withApp`.
 */
import { randomBytes } from 'node:crypto';
import { SCRIPT, scriptCall } from '../request.js';
import { PasswordSignIn } from '../auth/sign-in/password-sign-in.js';
import { Problem } from '../problems.js';
import { UsersService } from '../users/users.service.js';
import { say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

/** `example`: creates, finds and deletes an account, and prints each step. */
export async function example(terminal: Terminal): Promise<void> {
  await withApp(terminal, async (app) => {
    // any provider of the application, by its class
    const users = app.get(UsersService);
    const signIn = app.get(PasswordSignIn);

    // a new name at every run, so that the example can be run again
    const username = `ada-${randomBytes(4).toString('hex')}`;
    const email = `${username}@example.com`;
    const password = randomBytes(12).toString('base64url');

    // SCRIPT stands for the client: the audit log then shows a script instead of a request
    const ada = await users.create({ email, username, password, display_name: 'Ada Lovelace' }, SCRIPT);
    say(terminal, `created         ${ada.username} with the id ${ada.id}`);

    // find methods return null when there is none; e-mail address and username are compared without regard to case
    const byId = await users.findById(ada.id);
    const byEmail = await users.findByEmail(email.toUpperCase());
    const byUsername = await users.findByUsername(username.toUpperCase());
    say(terminal, `by id           ${nameOf(byId)}`);
    say(terminal, `by e-mail       ${nameOf(byEmail)}`);
    say(terminal, `by username     ${nameOf(byUsername)}`);
    say(terminal, `by another      ${nameOf(await users.findByUsername(`${username}-2`))}`);

    // authenticate returns the account or null, and counts wrong passwords as signing in does
    const right = await signIn.authenticate(email, password, SCRIPT);
    const wrong = await signIn.authenticate(email, 'not the password', SCRIPT);
    say(terminal, `right password  ${nameOf(right)}`);
    say(terminal, `wrong password  ${nameOf(wrong)}`);

    // failures are thrown as a Problem: over HTTP that is the response, here you catch it
    try {
      await users.create({ email, username: `${username}-2`, password }, SCRIPT);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      say(terminal, `duplicate       ${error.status} ${error.code}: ${error.detail}`);
    }

    // some methods need to know who acts: here the user herself, without a session
    await users.delete(ada.id, scriptCall(ada));
    say(terminal, `deleted         by e-mail there is now ${nameOf(await users.findByEmail(email))}`);
  });
}

const nameOf = (user: { username: string } | null) => user?.username ?? 'nobody';

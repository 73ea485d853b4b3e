import { SCRIPT } from '../request.js';
import { buildDto } from '../http/validation.pipe.js';
import { CreateUserDto } from '../users/user-requests.dto.js';
import { UsersService } from '../users/users.service.js';
import { readSecret, say, type Terminal } from './terminal.js';
import { withApp } from './with-app.js';

interface Options {
  email: string;
  username: string;
  displayName?: string;
}

/** `create-admin`: the password isn't an argument, as other users of the machine can read those. */
export async function createAdmin(terminal: Terminal, { email, username, displayName }: Options): Promise<void> {
  const password = await readSecret(terminal, 'password');
  const said = {
    email,
    username,
    password,
    role: 'admin',
    email_verified: true,
    ...(displayName && { display_name: displayName }),
  };
  const dto = buildDto(CreateUserDto, said, { from: 'body' });
  await withApp(terminal, async (app) => {
    const admin = await app.get(UsersService).create(dto, SCRIPT);
    say(terminal, `Made the admin ${admin.username} <${admin.email}>, id ${admin.id}`);
  });
}

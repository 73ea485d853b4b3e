/** The demo data: users, posts and tasks. Adding them again adds only what is missing. */
import type { INestApplicationContext } from '@nestjs/common';
import { type Call, SCRIPT, scriptCall } from '../request.js';
import { PostsService } from '../posts/posts.service.js';
import { TasksService } from '../tasks/tasks.service.js';
import type { UserRow } from '../users/users.dto.js';
import type { CreateUserDto } from '../users/user-requests.dto.js';
import { type ImportedUser, UsersService } from '../users/users.service.js';

/** The password of all demo users. */
export const DEMO_PASSWORD = 'demo horse battery';

type Person = CreateUserDto & { email: string };

const PEOPLE: Person[] = [
  { username: 'ada', email: 'ada@example.com', display_name: 'Ada Lovelace', role: 'admin' },
  { username: 'alan', email: 'alan@example.com', display_name: 'Alan Turing' },
  { username: 'grace', email: 'grace@example.com', display_name: 'Grace Hopper' },
  { username: 'katherine', email: 'katherine@example.com', display_name: 'Katherine Johnson', email_verified: false },
  { username: 'edsger', email: 'edsger@example.com', display_name: 'Edsger Dijkstra', is_active: false },
];

/** One kind of demo data: adds what is missing, and returns a line for each row added. */
type Kind = (app: INestApplicationContext) => Promise<string[]>;

/** In order: posts need their authors. */
const KINDS: Record<string, Kind> = { people, posts, tasks };

/** Adds missing demo data. Returns what was added, by kind. */
export async function plantDemo(app: INestApplicationContext): Promise<Record<string, string[]>> {
  const planted: Record<string, string[]> = {};
  for (const [name, plant] of Object.entries(KINDS)) planted[name] = await plant(app);
  return planted;
}

async function people(app: INestApplicationContext): Promise<string[]> {
  const users = app.get(UsersService);
  const planted: string[] = [];
  for (const person of PEOPLE) {
    if ((await users.findByUsername(person.username)) ?? (await users.findByEmail(person.email))) continue;
    await users.create({ email_verified: true, ...person, password: DEMO_PASSWORD }, SCRIPT);
    planted.push(describePerson(person));
  }
  return planted;
}

const POSTS = [
  {
    author: 'ada',
    title: 'Notes on the engine',
    content: 'It weaves algebraic patterns just as the loom weaves flowers.',
  },
  { author: 'grace', title: 'First actual case of a bug', content: 'Found in relay 70, panel F. It was a moth.' },
  {
    author: 'alan',
    content: 'Can machines think? I believe the question to be too meaningless to deserve discussion.',
  },
];

const TASKS: Record<string, { title: string; description?: string; is_completed?: boolean }[]> = {
  ada: [{ title: 'Finish the Bernoulli numbers' }, { title: 'Write to Charles', is_completed: true }],
  grace: [{ title: 'Find a nanosecond', description: 'About 30 centimetres of wire.' }],
};

/** Each author's posts, liked by all other active users. */
async function posts(app: INestApplicationContext): Promise<string[]> {
  const service = app.get(PostsService);
  const readers = await calls(app);
  const planted: string[] = [];
  for (const { author, ...post } of POSTS) {
    const call = readers.get(author);
    if (!call || (await service.list({ author_id: call.me.id, limit: 1 }, call)).items.length) continue;
    const { id } = await service.publish(post, call);
    for (const reader of readers.values()) if (reader !== call) await service.like(id, reader);
    planted.push(`${author.padEnd(10)} ${post.title ?? post.content}`);
  }
  return planted;
}

/** The tasks of users who have none. */
async function tasks(app: INestApplicationContext): Promise<string[]> {
  const service = app.get(TasksService);
  const planted: string[] = [];
  for (const [owner, call] of await calls(app)) {
    if ((await service.list({ limit: 1 }, call)).items.length) continue;
    for (const task of TASKS[owner] ?? []) {
      await service.create(task, call);
      planted.push(`${owner.padEnd(10)} ${task.title}`);
    }
  }
  return planted;
}

/** Calls on behalf of the active demo users. */
async function calls(app: INestApplicationContext): Promise<Map<string, Call>> {
  const users = app.get(UsersService);
  const found = await Promise.all(PEOPLE.map(({ username }) => users.findByUsername(username)));
  const active = found.filter((user) => user?.isActive) as UserRow[];
  return new Map(active.map((user) => [user.username, scriptCall(user)]));
}

function describePerson({ username, display_name, role, is_active }: Person): string {
  const remarks = [...(role === 'admin' ? ['admin'] : []), ...(is_active === false ? ['inactive'] : [])];
  return `${username.padEnd(10)} ${display_name}${remarks.length ? ` (${remarks.join(', ')})` : ''}`;
}

const FIRST_NAMES = [
  'Ana',
  'Ben',
  'Chen',
  'Dara',
  'Emil',
  'Fatima',
  'Goran',
  'Hana',
  'Ivo',
  'Jun',
  'Kofi',
  'Lena',
  'Mei',
];
const LAST_NAMES = ['Adler', 'Brandt', 'Costa', 'Diaz', 'Eriksen', 'Fofana', 'Garcia', 'Haas', 'Ito', 'Jansen', 'Khan'];

/** The n-th generated user: always the same. */
export function madeUpUser(n: number, passwordHash: string): ImportedUser {
  const first = FIRST_NAMES[n % FIRST_NAMES.length] ?? '';
  const last = LAST_NAMES[n % LAST_NAMES.length] ?? '';
  const username = `${first}.${last}.${n}`.toLowerCase();
  return { username, email: `${username}@example.com`, display_name: `${first} ${last}`, password_hash: passwordHash };
}

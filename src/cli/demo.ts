/** The demo data: who and what there is to look at. Everything here is planted once, however often it is sown. */
import type { INestApplicationContext } from '@nestjs/common';
import { SCRIPT } from '../access.js';
import type { CreateUserDto } from '../users/users.dto.js';
import { type ImportedUser, UsersService } from '../users/users.service.js';

/** What everybody in the demo data signs in with. */
export const DEMO_PASSWORD = 'demo horse battery';

type Person = Omit<CreateUserDto, 'password'> & { username: string };

const PEOPLE: Person[] = [
  { username: 'ada', email: 'ada@example.com', display_name: 'Ada Lovelace', role: 'admin' },
  { username: 'alan', email: 'alan@example.com', display_name: 'Alan Turing' },
  { username: 'grace', email: 'grace@example.com', display_name: 'Grace Hopper' },
  { username: 'katherine', email: 'katherine@example.com', display_name: 'Katherine Johnson' },
  { username: 'edsger', email: 'edsger@example.com', display_name: 'Edsger Dijkstra', is_active: false },
];

/** One kind of thing that the demo data hold: plants those that aren't there yet, and returns one line for each of them. */
type Kind = (app: INestApplicationContext) => Promise<string[]>;

/** In the order of planting: posts need their authors. */
const KINDS: Record<string, Kind> = { people };

/** Plants what is missing of the demo data. Returns what it planted, by kind. */
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
    await users.create({ ...person, password: DEMO_PASSWORD }, undefined, SCRIPT);
    planted.push(describePerson(person));
  }
  return planted;
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

/** The n-th of any number of made-up people: always the same one. */
export function madeUpUser(n: number, passwordHash: string): ImportedUser {
  const first = FIRST_NAMES[n % FIRST_NAMES.length] ?? '';
  const last = LAST_NAMES[n % LAST_NAMES.length] ?? '';
  const username = `${first}.${last}.${n}`.toLowerCase();
  return { username, email: `${username}@example.com`, display_name: `${first} ${last}`, password_hash: passwordHash };
}

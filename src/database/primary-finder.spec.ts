import { setTimeout as delay } from 'node:timers/promises';
import { databaseProblem, StandbyError } from './failures.js';
import { PrimaryFinder } from './primary-finder.js';
import type { DatabaseServer } from '../config/connection-settings.js';

const one = { host: 'one.example.com', port: 1 };
const two = { host: 'two.example.com', port: 2 };

const primary = () => Promise.resolve();
const standby = () => Promise.reject(new StandbyError());
const away = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED one.example.com:1'), { code: 'ECONNREFUSED' })); // prettier-ignore
const frozen = () => new Promise<never>(() => undefined);

describe('the primary among several servers', () => {
  let finder: PrimaryFinder;
  let asked: DatabaseServer[];
  let roles: Map<DatabaseServer, () => Promise<unknown>>;

  beforeEach(() => {
    finder = new PrimaryFinder([one, two]);
    asked = [];
  });
  const set = (first: () => Promise<unknown>, second: () => Promise<unknown>) => {
    roles = new Map([
      [one, first],
      [two, second],
    ]);
  };
  const find = () =>
    finder.find((server) => {
      asked.push(server);
      let hangUp: (reason: Error) => void = () => undefined;
      const hungUp = new Promise<never>((_, reject) => (hangUp = reject));
      return {
        connect: () => Promise.race([roles.get(server)?.(), hungUp]),
        end: () => Promise.resolve(),
        destroy: (reason) => (hungUp.catch(() => undefined), hangUp(reason)),
      };
    });

  it('is the one that is no standby', async () => {
    set(standby, primary);
    expect(await find()).toBe(two);
  });

  it('is found at once, though another one is frozen or away', async () => {
    for (const other of [frozen, away]) {
      set(other, primary);
      finder = new PrimaryFinder([one, two]);
      expect(await Promise.race([find(), delay(1, 'too late')])).toBe(two); // before the event loop comes to a timer
    }
  });

  it('is the standby that is promoted while another server is frozen', async () => {
    let isPromoted = false;
    set(frozen, () => (isPromoted ? primary() : standby()));
    const found = find();
    await delay(500);
    isPromoted = true;
    expect(await Promise.race([found, delay(300, 'too late')])).toBe(two); // a timer of the same event loop, see below
    const times = asked.length;
    await delay(300);
    expect(asked).toHaveLength(times); // nobody goes on asking
  });

  it('is asked for once, by however many connections that are made at that time', async () => {
    set(standby, () => delay(50));
    expect(new Set(await Promise.all(Array.from({ length: 20 }, find)))).toEqual(new Set([two]));
    expect(await find()).toBe(two);
    expect(asked).toEqual([one, two]);
  });

  it('is asked for anew when a connection was lost, but not by each that was lost', async () => {
    set(primary, standby);
    expect(await find()).toBe(one);
    set(away, primary);
    finder.forget();
    const first = find();
    finder.forget();
    expect(await Promise.all([first, find()])).toEqual([two, two]);
    expect(asked).toHaveLength(4);
  });

  it('is asked for anew after a moment', async () => {
    set(primary, standby);
    expect(await find()).toBe(one);
    set(standby, primary);
    await delay(300);
    expect(await find()).toBe(two);
  });

  it.each([
    [standby, standby, 'None of 2 servers is a primary: 2 × STANDBY'],
    [away, standby, 'None of 2 servers is a primary: 1 × ECONNREFUSED, 1 × STANDBY'],
    [away, away, 'None of 2 servers is a primary: 2 × ECONNREFUSED'],
    [away, frozen, 'None of 2 servers is a primary: 1 × ECONNREFUSED, 1 × no answer'],
  ])('is nowhere: 503 within 2 s, and whoever reads the log learns no address', async (first, second, message) => {
    set(first, second);
    const late = delay(1_800, 'too late'); // a timer of the same event loop is as late as the finder's on a busy machine
    const error: unknown = await Promise.race([find().catch((error: unknown) => error), late]);
    expect(error).toMatchObject({ message });
    expect(databaseProblem(error)).toMatchObject({ status: 503 });
  });

  it('is nowhere, as a server refuses the password: then that is the reason', async () => {
    const refused = Object.assign(new Error('password authentication failed for user "ada"'), { code: '28P01' });
    set(standby, () => Promise.reject(refused));
    await expect(find()).rejects.toBe(refused);
  });
});

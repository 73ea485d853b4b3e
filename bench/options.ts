import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { projectFile } from '../src/config/project.js';
import type { Plan } from './bench.js';
import { SCENARIOS } from './scenarios.js';

/** What the command line says. */
export interface Options extends Pick<
  Plan,
  'scenarios' | 'users' | 'rounds' | 'seconds' | 'serverFile' | 'profileFolder'
> {
  /** Where to leave the results besides. */
  jsonFile?: string;
  /** Whether they go into the documentation. */
  write: boolean;
}

interface Given {
  users: number;
  rounds: number;
  seconds: number;
  quick?: true;
  only?: Plan['scenarios'];
  server: string;
  profile?: string;
  json?: string;
  write?: true;
}

const FEWEST_USERS = 1000;

/** Reads the command line; ends the process with help, or with a line that says what is wrong with it. */
export function readOptions(argv: string[]): Options {
  const names = SCENARIOS.map(({ name }) => name).join(', ');
  const given = new Command('bench')
    .description('Measures the built server beside bare Fastify and pg, on a PostgreSQL of its own.')
    .option('--users <count>', `people in the database, ${FEWEST_USERS} at least`, atLeast(FEWEST_USERS), 10_000)
    .option('--rounds <count>', 'how often each line is measured', atLeast(1), 3)
    .option('--seconds <count>', 'how long each time', atLeast(1), 4)
    .option('--quick', 'one round of one second: to see that it works')
    .option('--only <names>', `some of: ${names}`, scenariosNamed)
    .option('--server <file>', 'the built server', process.env['BENCH_SERVER'] ?? projectFile('dist/src/main.js'))
    .option('--profile <folder>', 'let the server leave a .cpuprofile there for each of its starts')
    .option('--json <file>', 'leave the results there as well')
    .option('--write', 'put the results into docs/performance.md and bench/results.json')
    .parse(argv)
    .opts<Given>();
  return {
    scenarios: given.only ?? SCENARIOS,
    users: given.users,
    rounds: given.quick ? 1 : given.rounds,
    seconds: given.quick ? 1 : given.seconds,
    serverFile: path.resolve(given.server),
    profileFolder: given.profile && path.resolve(given.profile),
    jsonFile: given.json,
    write: given.write ?? false,
  };
}

const atLeast = (least: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`It must be a whole number, ${least} at least.`);
};

function scenariosNamed(text: string): Plan['scenarios'] {
  return text.split(',').map((name) => {
    const scenario = SCENARIOS.find((one) => one.name === name.trim());
    if (!scenario) throw new InvalidArgumentError(`There is no ${name}.`);
    return scenario;
  });
}

/** A run of the bench: one database, two servers, rounds in which they take turns. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { projectFile } from '../src/config/project.js';
import { deliverySettings, openReceivers, type Receivers, statements } from './deliveries.js';
import { measure, type Sample, type Span } from './load.js';
import { type Line, median, medians, type Results, thisMachine } from './results.js';
import type { Scenario } from './scenarios.js';
import { BATCH, seed } from './seed.js';
import { type Pinning, type Program, runAlone, type Server, startServer } from './servers.js';
import { CONNECTIONS, enter, keepLoggingIn, type Logins, type World } from './world.js';

/** What to do, and with what. */
export interface Plan {
  scenarios: Scenario[];
  users: number;
  rounds: number;
  seconds: number;
  /** The main file of the built server. */
  serverFile: string;
  /** Where the server leaves a profile of its processor time, if it is to make one. */
  profileFolder?: string;
  databaseUrl: string;
  /** An empty folder to run in. */
  folder: string;
  pinning: Pinning | undefined;
  progress: Progress;
}

/** Who is told how far it is. */
export interface Progress {
  start(steps: number): void;
  step(what: string): void;
}

interface Pair {
  server: Server;
  ceiling: Server;
}

/** What was measured so far, by scenario. */
interface Measured {
  ours: Map<string, Sample[]>;
  ceiling: Map<string, Sample[]>;
  logins: Map<string, Logins>;
  bcrypt: number[];
}

const STARTS = 3;
const SETTLE_MS = 3000; // until what has been used is given back
const WARM_UP = { first: 2, again: 0.5 }; // seconds; a few hashes and the threads for them take the longest
const QUIET_MS = 100; // a server that used less than a fifth of this time has nothing left to do
const QUIET_PATIENCE = 50;
const TYPESCRIPT = ['--import', '@swc-node/register/esm-register'];

/** Runs it. @throws WrongAnswerError at the first wrong answer */
export async function runBench(plan: Plan): Promise<Results> {
  plan.progress.start(stepsOf(plan));
  const receivers = await openReceivers();
  try {
    return await runWith(receivers, plan);
  } finally {
    await Promise.all([receivers.sink.close(), receivers.subscriber.close()]);
  }
}

async function runWith(receivers: Receivers, plan: Plan): Promise<Results> {
  const { users, rounds, seconds, pinning, databaseUrl, progress } = plan;
  const secret = randomBytes(48).toString('base64url');
  const userHub = userHubProgram(plan, secret, receivers);
  await (await startServer(userHub, pinning)).stop(); // and there is a migrated database
  const seeded = await seed(databaseUrl, { users, actors: CONNECTIONS }, (done) => progress.step(`${done} users`));
  const { server, readyMs } = await startOften(userHub, plan);
  await delay(SETTLE_MS);
  const restMiB = server.pssMiB();
  const ceiling = await startServer(ceilingProgram(plan, secret), pinning);
  const world = await enter(server, seeded, { users, receivers, sql: statements(databaseUrl) });
  const measured = await measureAll({ server, ceiling }, world, plan);
  await delay(SETTLE_MS);
  const loadedMiB = server.pssMiB();
  await Promise.all([server.stop(), ceiling.stop()]);
  return {
    machine: thisMachine(await postgresVersion(databaseUrl)),
    users,
    seconds,
    rounds,
    connections: CONNECTIONS,
    pinned: pinning !== undefined,
    readyMs,
    memory: { restMiB, loadedMiB },
    lines: plan.scenarios.map((scenario) => lineOf(scenario, measured, world)),
  };
}

function stepsOf({ scenarios, rounds, users }: Plan): number {
  const runs = scenarios.reduce((sum, { against }) => sum + (against === 'ceiling' ? 2 : 1), 0);
  return Math.ceil(users / BATCH) + STARTS + rounds * runs;
}

function userHubProgram(
  { serverFile, profileFolder, databaseUrl, folder }: Plan,
  secret: string,
  receivers: Receivers,
): Program {
  return {
    name: 'UserHub',
    args: [...(profileFolder ? ['--cpu-prof', '--cpu-prof-dir', profileFolder] : []), serverFile],
    cwd: folder,
    env: {
      BREACHED_PASSWORDS: 'off',
      DATABASE_URL: databaseUrl,
      JWT_SECRET_KEY: secret,
      DATA_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ...deliverySettings(receivers),
      HOST: '127.0.0.1',
      THROTTLE: 'off',
      LOG_LEVEL: 'warn',
      WEB_CONCURRENCY: '1',
      SHUTDOWN_DELAY_SECONDS: '0',
      ACCESS_TOKEN_EXPIRE_MINUTES: '1440', // the load signs in once
    },
    ready: '/health/ready',
  };
}

function ceilingProgram({ databaseUrl }: Plan, secret: string): Program {
  return {
    name: 'The ceiling',
    args: [...TYPESCRIPT, projectFile('bench/ceiling.ts')],
    cwd: projectFile(''),
    env: { NODE_ENV: 'production', DATABASE_URL: databaseUrl, JWT_SECRET_KEY: secret },
    ready: '/health/live',
  };
}

async function startOften(program: Program, { pinning, progress }: Plan): Promise<{ server: Server; readyMs: number }> {
  const times: number[] = [];
  for (;;) {
    progress.step('starting');
    const server = await startServer(program, pinning);
    if (times.push(server.readyMs) === STARTS) return { server, readyMs: median(times) };
    await server.stop();
  }
}

async function measureAll(pair: Pair, world: World, plan: Plan): Promise<Measured> {
  const measured: Measured = { ours: new Map(), ceiling: new Map(), logins: new Map(), bcrypt: [] };
  for (let round = 0; round < plan.rounds; round++) {
    for (const scenario of plan.scenarios) await measureRound(scenario, round, { pair, world, plan, measured });
    if (plan.scenarios.some(({ against }) => against === 'bcrypt')) measured.bcrypt.push(await bcryptRate(plan));
  }
  return measured;
}

interface Surroundings {
  pair: Pair;
  world: World;
  plan: Plan;
  measured: Measured;
}

/** Ours and the ceiling in turn; who begins alternates, so that neither always comes after the other. */
async function measureRound(scenario: Scenario, round: number, surroundings: Surroundings): Promise<void> {
  const kinds: (keyof Pair)[] = scenario.against === 'ceiling' ? ['server', 'ceiling'] : ['server'];
  for (const kind of round % 2 ? kinds.reverse() : kinds) await measureOnce(scenario, round, kind, surroundings);
}

async function measureOnce(
  scenario: Scenario,
  round: number,
  kind: keyof Pair,
  { pair, world, plan, measured }: Surroundings,
): Promise<void> {
  plan.progress.step(`${scenario.title.replace(', {depth} deep', ', far down')}${kind === 'ceiling' ? ', bare' : ''}`);
  const server = pair[kind];
  const span = { warmUp: round === 0 ? WARM_UP.first : WARM_UP.again, seconds: secondsOf(scenario, plan) };
  const leave = new AbortController();
  const [sample, logins] = await Promise.all([
    measureScenario(scenario, server, world, span).finally(() => leave.abort()),
    scenario.logins ? keepLoggingIn(server, world, scenario.logins, leave.signal) : undefined,
  ]);
  const samples = kind === 'server' ? measured.ours : measured.ceiling;
  samples.set(scenario.name, [...(samples.get(scenario.name) ?? []), sample]);
  if (logins && kind === 'server') measured.logins.set(scenario.name, logins);
  await untilQuiet(server);
}

async function measureScenario(scenario: Scenario, server: Server, world: World, span: Span): Promise<Sample> {
  if (scenario.measure) return scenario.measure(server, world, span);
  if (!scenario.traffic) throw new Error(`${scenario.name} measures nothing.`);
  return measure(server, await scenario.traffic(world, server), span);
}

/** What is still being worked on, hashes above all, must not slow down whoever is measured next. */
async function untilQuiet(server: Server): Promise<void> {
  for (let tries = 0; tries < QUIET_PATIENCE; tries++) {
    const before = server.cpuMs();
    await delay(QUIET_MS);
    if (before === undefined || (server.cpuMs() ?? 0) - before < QUIET_MS / 5) return;
  }
}

/** A few hashes a second are no measurement after one second. */
const secondsOf = ({ isSlow }: Pick<Scenario, 'isSlow'>, { seconds }: Plan) =>
  isSlow ? Math.max(4, seconds) : seconds;

async function bcryptRate(plan: Plan): Promise<number> {
  return Number(
    await runAlone(
      [...TYPESCRIPT, projectFile('bench/bcrypt.ts'), String(secondsOf({ isSlow: true }, plan))],
      plan.pinning,
    ),
  );
}

function lineOf({ name, title, against }: Scenario, measured: Measured, { deep }: World): Line {
  const rounds = measured.ours.get(name) ?? [];
  return {
    name,
    title: title.replace('{depth}', deep.depth.toLocaleString('en-US')),
    sample: medians(rounds),
    rounds,
    bound: boundOf(name, against, measured),
    logins: measured.logins.get(name),
  };
}

function boundOf(name: string, against: Scenario['against'], { ceiling, bcrypt }: Measured): Line['bound'] {
  const ofCeiling = (scenario: string) => {
    const { rate, cpu } = medians(ceiling.get(scenario) ?? []);
    return { rate, cpu };
  };
  switch (against) {
    case undefined:
      return undefined;
    case 'ceiling':
      return { name: 'bare Fastify', ...ofCeiling(name) };
    case 'update':
      return ceiling.has('update') ? { name: 'its update', ...ofCeiling('update') } : undefined;
    case 'bcrypt':
      return { name: 'bcrypt alone', rate: median(bcrypt) };
  }
}

async function postgresVersion(url: string): Promise<string> {
  const db = new pg.Client(url);
  await db.connect();
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version');
  await db.end();
  return rows[0]?.server_version ?? '';
}

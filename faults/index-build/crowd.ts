import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Replica } from '../replica.js';
import { PASSWORD, type Seeded } from './seed.js';

/** What people do. */
export const KINDS = ['refresh', 'me', 'sign-in'] as const;
export type Kind = (typeof KINDS)[number];

/** One request, as it went: performance.now() when its answer came, and the milliseconds that it took. */
export interface Sample {
  kind: Kind;
  status: number;
  end: number;
  ms: number;
}

/** How many do each at the same time, and the milliseconds that they take between an answer and the next request. */
const AT_WORK: Record<Kind, { workers: number; think: number }> = {
  refresh: { workers: 6, think: 20 },
  me: { workers: 2, think: 40 },
  'sign-in': { workers: 4, think: 500 }, // often enough that a pause shows, and no more hashing than that takes
};

/** People at work on one server, until they are stopped: above all they refresh sessions, each time another one of the sample. */
export class Crowd {
  readonly samples: Sample[] = [];
  private readonly workers: Promise<void>[];
  private isStopped = false;
  private n = 0;
  private access = '';

  constructor(
    private readonly server: Replica,
    private readonly seeded: Seeded,
  ) {
    this.workers = KINDS.flatMap((kind) =>
      Array.from({ length: AT_WORK[kind].workers }, () => this.work(kind, AT_WORK[kind].think)),
    );
  }

  /** Lets everybody finish. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.workers);
  }

  private async work(kind: Kind, think: number): Promise<void> {
    while (kind === 'me' && !this.access) await delay(think); // until somebody has refreshed
    while (!this.isStopped) {
      const { status, at, ms } = await this.send(kind, this.n++);
      this.samples.push({ kind, status, end: at + ms, ms });
      await delay(think);
    }
  }

  private send(kind: Kind, n: number): Promise<Answer> {
    const { server, access } = this;
    switch (kind) {
      case 'refresh':
        return this.refresh();
      case 'me':
        return server.call('GET', '/api/auth/me', { token: access });
      case 'sign-in':
        return server.call('POST', '/api/auth/login', { body: { username: this.usernameOf(n), password: PASSWORD } });
    }
  }

  /** What was rotated goes to the end of the line: a session that was lost would show when its turn comes again. */
  private async refresh(): Promise<Answer> {
    const { refreshTokens } = this.seeded;
    const token = refreshTokens.shift();
    if (!token) throw new Error('There are fewer sessions than people at work');
    const answer = await this.server.call('POST', '/api/auth/refresh', { body: { refresh_token: token } });
    const { access_token: access, refresh_token: next } = answer.body;
    if (answer.status === 200) this.access = access as string;
    refreshTokens.push(answer.status === 200 ? (next as string) : token);
    return answer;
  }

  private usernameOf(n: number): string {
    return this.seeded.usernames[n % this.seeded.usernames.length] as string;
  }
}

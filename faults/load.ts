import { setTimeout as delay } from 'node:timers/promises';
import { contentOf, Ledger } from './ledger.js';
import type { Answer, Replica } from './replica.js';

/** Somebody who is signed in. */
export interface Person {
  id: string;
  access: string;
  refresh: string;
}

/** One request, as it went. */
export interface Sample {
  kind: 'read' | 'write';
  /** The name of the replica that was asked. */
  server: string;
  status: number;
  at: number;
  ms: number;
  /** A 503 that says when to come back, in the contract's shape. */
  wellFormed: boolean;
}

interface LoadOptions {
  /** What picks the server of the next request: round and round, or as a balancer does. */
  pick: () => Replica;
  people: Person[];
  writers?: number;
  readers?: number;
  /** Milliseconds between the answer and the next request. */
  think?: number;
}

/** People at work: some write and keep a ledger, others read, each one request at a time, until they are stopped. */
export class Load {
  readonly samples: Sample[] = [];
  readonly ledger: Ledger;
  private readonly options: Required<LoadOptions>;
  private readonly workers: Promise<void>[];
  private stopped = false;
  private lastPost?: string;

  constructor(run: string, options: LoadOptions) {
    this.options = { writers: 6, readers: 6, think: 15, ...options };
    this.ledger = new Ledger(run);
    const { people, writers, readers } = this.options;
    const person = (i: number) => people[i % people.length] as Person;
    this.workers = [
      ...Array.from({ length: writers }, (_, i) => this.work((n) => this.write(person(i), `${run}-${i}-${n}`, n, i))),
      ...Array.from({ length: readers }, (_, i) => this.work((n) => this.read(person(writers + i), n))),
    ];
  }

  /** Lets everybody finish. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
  }

  private async work(step: (n: number) => Promise<void>): Promise<void> {
    for (let n = 0; !this.stopped; n++) {
      await step(n);
      await delay(this.options.think);
    }
  }

  private async read({ id, access }: Person, n: number): Promise<void> {
    const targets = ['/api/auth/me', `/api/users/${id}`, '/api/auth/events?limit=5'];
    await this.send('read', 'GET', targets[n % targets.length] as string, { token: access });
  }

  private async write(person: Person, title: string, n: number, i: number): Promise<void> {
    const story = n % 8 === 7 ? 'refresh' : (['post', 'change', 'like'] as const)[(n + i) % 3];
    switch (story) {
      case 'post':
        return this.publish(person, title);
      case 'change':
        return this.change(person, n);
      case 'like':
        return this.like(person);
      case 'refresh':
        return this.refresh(person);
    }
  }

  private async publish({ access }: Person, title: string): Promise<void> {
    const body = { title, content: contentOf(title) };
    const { status, body: post } = await this.send('write', 'POST', '/api/posts', { token: access, body });
    if (status !== 201) return;
    this.lastPost = post['id'] as string;
    this.ledger.post(this.lastPost, title);
  }

  /** Nobody else changes this person, so every version is accounted for. */
  private async change({ id, access }: Person, n: number): Promise<void> {
    const body = { display_name: String(n) };
    const { status } = await this.send('write', 'PATCH', `/api/users/${id}`, { token: access, body });
    this.ledger.change(id, status === 200 ? n : undefined);
  }

  private async like({ id, access }: Person): Promise<void> {
    const post = this.lastPost;
    if (!post) return;
    const { status } = await this.send('write', 'PUT', `/api/posts/${post}/like`, { token: access });
    if (status === 204) this.ledger.like(post, id);
  }

  /** An answer that got lost is asked for again with the same token, as the contract allows for 30 s. */
  private async refresh(person: Person): Promise<void> {
    const body = { refresh_token: person.refresh };
    const { status, body: tokens } = await this.send('write', 'POST', '/api/auth/refresh', { body });
    if (status === 200) {
      Object.assign(person, { access: tokens['access_token'], refresh: tokens['refresh_token'] });
    } else if (status === 401) {
      this.ledger.breaks(`the session of ${person.id}`);
      this.stopped = true;
    }
  }

  private async send(kind: Sample['kind'], method: string, target: string, options: object): Promise<Answer> {
    const server = this.options.pick();
    const answer = await server.call(method, target, options);
    const { status, at, ms, retryAfter, type } = answer;
    const wellFormed =
      status !== 503 || (Number(retryAfter) >= 1 && type?.startsWith('application/problem+json') === true);
    this.samples.push({ kind, server: server.name, status, at, ms, wellFormed });
    return answer;
  }
}

/** Picks one after the other. */
export function inTurn(replicas: Replica[]): () => Replica {
  let next = 0;
  return () => replicas[next++ % replicas.length] as Replica;
}

/** Picks among those that were ready when last asked, ten times a second, as a balancer does. */
export class Balancer {
  private ready: Replica[];
  private next = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly replicas: Replica[]) {
    this.ready = replicas;
    this.timer = setInterval(() => void this.probe(), 100);
  }

  pick = (): Replica => this.ready[this.next++ % this.ready.length] as Replica;

  stop(): void {
    clearInterval(this.timer);
  }

  private async probe(): Promise<void> {
    const answers = await Promise.all(this.replicas.map(async (one) => ((await one.isReady()) ? [one] : [])));
    const ready = answers.flat();
    if (ready.length > 0) this.ready = ready;
  }
}

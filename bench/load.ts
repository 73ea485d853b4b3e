/** Sends requests as fast as they are answered, and counts an answer only once it has been checked. */
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { Server } from './servers.js';

/** One request; paths are relative to the server. */
export interface Exchange {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  token?: string;
  body?: unknown;
}

/** What is sent over a number of connections, each with one request on its way at any time. */
export interface Traffic {
  connections: number;
  /** The requests of one connection, sent in turn, over and over. */
  requests(connection: number): Exchange[];
  status: number;
  /** Whether the answer is the right one to this request of this connection. */
  check(body: string, request: Exchange, connection: number): boolean;
  /** The one request that follows from an answer, in place of the next in turn. */
  follow?(body: string): Exchange;
}

/** How long to send before counting, and while counting. */
export interface Span {
  warmUp: number;
  seconds: number;
}

/** What was measured: requests per second, latencies in milliseconds, processor time of the server for one request in µs. */
export interface Sample {
  rate: number;
  p50: number;
  p99: number;
  errors: number;
  cpu: number | undefined;
}

const BUSY = 503; // an honest answer, yet not the one that was asked for

/** An answer was not what it has to be: what it took to make it doesn't matter then. */
export class WrongAnswerError extends Error {}

/** Measures a server under this traffic. @throws WrongAnswerError at the first wrong one, also while warming up */
export async function measure(server: Server, traffic: Traffic, { warmUp, seconds }: Span): Promise<Sample> {
  const tally = new Tally();
  const { stop, ended } = run(server, traffic, tally);
  await Promise.race([ended, delay(warmUp * 1000)]);
  const cpuBefore = server.cpuMs();
  tally.begin();
  await Promise.race([ended, delay(seconds * 1000)]);
  tally.end();
  const cpuAfter = server.cpuMs();
  stop();
  const errors = await ended;
  if (tally.wrong) throw tally.wrong;
  const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return tally.sample(errors, cpu);
}

function run(server: Server, traffic: Traffic, tally: Tally) {
  let connections = 0;
  let instance: autocannon.Instance | undefined;
  const stop = () => instance?.stop();
  const ended = new Promise<number>((resolve, reject) => {
    instance = autocannon(
      {
        url: server.url,
        connections: traffic.connections,
        duration: 3600, // until it is stopped
        sampleInt: 100, // and how soon it notices
        setupClient: (client) => converse(client, connections++, { traffic, tally, onWrong: stop }),
      },
      (error: Error | null, result) => {
        if (error) reject(error);
        else resolve(result.errors); // time-outs included
      },
    );
  });
  return { stop, ended };
}

/** The events of autocannon's connections, in this order for every request: request, body (in parts), response. */
interface Connection {
  on(event: 'request', listener: () => void): void;
  on(event: 'body', listener: (part: Buffer) => void): void;
  on(event: 'response', listener: (status: number, bytes: number, ms: number) => void): void;
  setRequests(requests: object[]): void;
}

function converse(
  client: autocannon.Client,
  index: number,
  { traffic, tally, onWrong }: { traffic: Traffic; tally: Tally; onWrong: () => void },
): void {
  const connection = client as unknown as Connection;
  let requests = traffic.requests(index);
  let sent = -1;
  let body = '';
  connection.setRequests(requests.map(wireOf));
  connection.on('request', () => {
    sent++;
    body = '';
  });
  connection.on('body', (part) => (body += part.toString()));
  connection.on('response', (status, _bytes, ms) => {
    if (status === BUSY) return tally.refuse();
    const request = requests[sent % requests.length] as Exchange;
    if (status !== traffic.status || !isRight(traffic, body, request, index)) {
      tally.wrong ??= new WrongAnswerError(`${request.method} ${request.path} got ${status} ${body.slice(0, 500)}`);
      return onWrong();
    }
    tally.count(ms);
    if (!traffic.follow) return;
    requests = [traffic.follow(body)];
    connection.setRequests(requests.map(wireOf));
  });
}

function isRight(traffic: Traffic, body: string, request: Exchange, connection: number): boolean {
  try {
    return traffic.check(body, request, connection);
  } catch {
    return false; // not JSON, or not of the shape that it must have
  }
}

function wireOf({ method, path, token, body }: Exchange): object {
  return {
    method,
    path,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

/** Counts while it is told to. */
class Tally {
  wrong?: WrongAnswerError;
  private counting = false;
  private answers = 0;
  private refused = 0;
  private first = 0;
  private last = 0;
  private readonly latencies = createHistogram(); // in µs

  begin(): void {
    this.counting = true;
  }

  end(): void {
    this.counting = false;
  }

  /** The server had no time for a request. */
  refuse(): void {
    if (this.counting) this.refused++;
  }

  count(ms: number): void {
    if (!this.counting) return;
    this.last = performance.now();
    if (this.answers++ === 0) this.first = this.last;
    this.latencies.record(Math.max(1, Math.round(ms * 1000)));
  }

  /** The rate between the first answer and the last: five a second, counted in whole seconds, would be off by a fifth. */
  sample(errors: number, cpuMs: number | undefined): Sample {
    const elapsed = (this.last - this.first) / 1000;
    return {
      rate: elapsed > 0 ? (this.answers - 1) / elapsed : NaN,
      p50: this.answers ? this.latencies.percentile(50) / 1000 : NaN,
      p99: this.answers ? this.latencies.percentile(99) / 1000 : NaN,
      errors: errors + this.refused,
      cpu: cpuMs === undefined || this.answers === 0 ? undefined : (cpuMs * 1000) / this.answers,
    };
  }
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';

/** What a subscriber knows of a user. */
interface Known {
  version: number;
  display_name: string | null;
}

interface Event {
  type: string;
  data: { user?: { id: string; display_name: string | null }; version?: number };
}

/**
 * A receiver of webhooks as its makers would write it, with the public library: it refuses what isn't signed, takes each
 * `webhook-id` once, and keeps the newest version of each user. It has several addresses, each an endpoint of its own.
 */
export class Subscriber {
  /** How often each message was taken responsibility for, by address and `webhook-id`. */
  readonly accepted = new Map<string, number>();
  readonly users = new Map<string, Known>();
  /** Messages whose signature was wrong. */
  refused = 0;
  /** Milliseconds before it takes responsibility. */
  thinks = 0;
  private readonly verifiers = new Map<string, Webhook>();
  private readonly server = createServer((request, response) => void this.receive(request, response));

  async open(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** The address of one of its endpoints. */
  url(name: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  /** Tells it the secret of an endpoint. */
  trust(name: string, secret: string): void {
    this.verifiers.set(name, new Webhook(secret));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.url?.slice(1) ?? '';
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // whoever sent it has died
    }
    const event = this.verified(name, Buffer.concat(chunks).toString('utf8'), request);
    if (!event) return void response.writeHead(401).end();
    await delay(this.thinks);
    const key = `${name} ${String(request.headers['webhook-id'])}`;
    const copies = (this.accepted.get(key) ?? 0) + 1;
    this.accepted.set(key, copies);
    if (copies === 1) this.keep(event);
    response.writeHead(204).end();
  }

  private verified(name: string, text: string, { headers }: IncomingMessage): Event | undefined {
    try {
      return this.verifiers.get(name)?.verify(text, headers as Record<string, string>) as Event;
    } catch {
      this.refused++;
      return undefined;
    }
  }

  /** Order isn't promised: the version tells which is newer. */
  private keep({ data: { user, version } }: Event): void {
    if (!user || version === undefined || version <= (this.users.get(user.id)?.version ?? 0)) return;
    this.users.set(user.id, { version, display_name: user.display_name });
  }
}

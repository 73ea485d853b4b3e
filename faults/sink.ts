import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';

/** How the relay behaves, from now on. Milliseconds. */
export interface SinkManners {
  /** Before it answers RCPT TO. */
  thinksAboutRecipient?: number;
  /** Before it takes responsibility for a message. */
  thinksAboutMessage?: number;
  /** What it says to every recipient. */
  refusal?: number;
  /** It hangs up in the middle of every message. */
  diesInMessage?: boolean;
}

/** A relay that counts what it has taken responsibility for, by Message-ID. */
export class Sink {
  readonly accepted = new Map<string, number>();
  manners: SinkManners = {};
  private readonly sockets = new Set<Socket>();
  private server?: SMTPServer;
  private port = 0;

  /** Starts to listen, on the same port as before. */
  async open(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: 100,
      onRcptTo: (_address, _session, answer) => {
        void delay(this.manners.thinksAboutRecipient ?? 0).then(() => answer(this.refusal()));
      },
      onData: (stream, _session, answer) => {
        if (this.manners.diesInMessage) return this.hangUp();
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          void delay(this.manners.thinksAboutMessage ?? 0).then(() => {
            const id = /^Message-ID: <(.+?)@/im.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? '';
            this.accepted.set(id, (this.accepted.get(id) ?? 0) + 1);
            answer();
          });
        });
      },
    });
    server.on('error', () => undefined); // a client that dies would take the sink along
    server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket.on('close', () => this.sockets.delete(socket)));
    });
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuses connections from now on, and ends those that there are. */
  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.hangUp();
    await new Promise<void>((closed) => server.close(() => closed()));
  }

  /** The settings of a replica that sends by it. */
  get env(): Record<string, string> {
    return {
      MAIL_URL: `smtp://127.0.0.1:${this.port}`,
      SMTP_SECURE: 'none',
      MAIL_FROM: 'no-reply@example.com',
      APP_URL: 'https://app.example.com',
    };
  }

  private refusal(): Error | undefined {
    const { refusal } = this.manners;
    return refusal ? Object.assign(new Error('Not now'), { responseCode: refusal }) : undefined;
  }

  private hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

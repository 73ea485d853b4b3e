import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { eventually } from './insist.js';

/** A mail that the relay has taken responsibility for. */
export interface ReceivedMail {
  id: string;
  to: string;
  raw: string;
  parsed: ParsedMail;
}

/** How the relay behaves from now on. A number is an SMTP status. */
export interface RelayManners {
  /** At RCPT TO. */
  recipient?: (address: string) => number | undefined;
  /** What it waits for before it answers for a recipient. */
  recipientGate?: () => Promise<unknown>;
  /** At the end of DATA. */
  data?: (mail: ReceivedMail) => number | undefined;
  /** How long it thinks before it takes a message. */
  delay?: number;
  /** It hangs up as soon as the message begins. */
  diesInData?: boolean;
  /** It takes the message and hangs up without a word. */
  diesAfterData?: boolean;
}

/** A real SMTP server on loopback. */
export interface Relay {
  url: string;
  port: number;
  received: ReceivedMail[];
  connections: number;
  manners: RelayManners;
  /** Waits for a mail to this address; the newest if there are several. */
  mailTo: (address: string, kind?: RegExp) => Promise<ReceivedMail>;
  close: () => Promise<void>;
}

/** Starts a relay; `port` takes the place of one that has been closed. */
export async function startRelay({ port = 0, ...options }: SMTPServerOptions & { port?: number } = {}): Promise<Relay> {
  const sockets = new Set<{ destroy(): void }>();
  const relay: Relay = {
    url: '',
    port: 0,
    received: [],
    connections: 0,
    manners: {},
    mailTo: (address, subject = /./) =>
      eventually(() => {
        const mail = relay.received.findLast(({ to, parsed }) => to === address && subject.test(parsed.subject ?? ''));
        if (!mail) throw new Error(`No mail to ${address}`);
        return mail;
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo({ address }, _session, answer) {
      const status = relay.manners.recipient?.(address);
      void Promise.resolve(relay.manners.recipientGate?.()).then(() => answer(status ? refusal(status) : undefined));
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = [];
      if (relay.manners.diesInData) return hangUp(session);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        void (async () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          const parsed = await simpleParser(raw);
          const id = parsed.messageId ?? '';
          const mail = { id, to: session.envelope.rcptTo[0]?.address ?? '', raw, parsed };
          if (relay.manners.delay) await new Promise((resolve) => setTimeout(resolve, relay.manners.delay));
          const status = relay.manners.data?.(mail);
          if (status) return answer(refusal(status, mail));
          relay.received.push(mail);
          if (relay.manners.diesAfterData) return hangUp(session);
          answer();
        })();
      });
    },
    ...options,
  });
  const hangUp = (session: { id: string }) => {
    for (const connection of server.connections as Set<{ session?: { id: string }; _socket: { destroy(): void } }>) {
      if (connection.session?.id === session.id) connection._socket.destroy();
    }
  };
  server.on('error', () => undefined); // a client that dies would take the relay along
  server.server.on('connection', (socket) => {
    relay.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  relay.port = (server.server.address() as AddressInfo).port;
  relay.url = `smtp://127.0.0.1:${relay.port}`;
  return relay;
}

/** What an unkind relay says: it quotes the subject and the text, and with them the code and the link. */
const refusal = (responseCode: number, mail?: ReceivedMail) =>
  Object.assign(new Error(`Refused by a test: ${mail ? quoted(mail.parsed) : 'nobody'}`), { responseCode });

/** On one line; the link before the words around it, as no more than the beginning of an answer is kept. */
const quoted = ({ subject = '', text = '' }: ParsedMail) =>
  [subject, /https?:\S+/.exec(text)?.[0] ?? '', text].join(' ').replace(/\s+/g, ' ');

/** The settings of a server that sends by this relay. */
export const mailBy = (relay: Relay): Record<string, string> => ({
  MAIL_URL: relay.url,
  SMTP_SECURE: 'none',
  MAIL_FROM: 'UserHub <no-reply@example.com>',
  APP_URL: 'https://app.example.com',
});

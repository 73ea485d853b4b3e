import { Readable, type Readable as ReadableStream } from 'node:stream';
import { seconds } from '../config/durations.js';
import { DeliveryError } from '../outbox/channel.js';
import type { Lease } from '../outbox/lease.js';
import type { SmtpSettings } from '../config/mail-settings.js';

// all time-outs together are shorter than a lease: see LONGEST_DELIVERY
const CONNECT = seconds(5);
const GREETING = seconds(5);
/** How long a relay may take to answer after a message. Long, as giving up risks sending it twice. */
const ANSWER = seconds(20);
const IDLE = seconds(30);

/** Connections to the relay, each with one mail at a time. */
export const SMTP_SLOTS = 5;

/** A message for the relay. */
export interface SmtpMessage {
  messageId: string;
  date: Date;
  from: { name: string; address: string };
  replyTo: string | undefined;
  to: string;
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
}

interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
}

/** The SMTP client: a small pool of connections. */
export class Smtp {
  private transport?: ReturnType<typeof smtpTransport>;

  constructor(private readonly settings: SmtpSettings) {}

  /**
   * Sends a message. Resolves with the relay's answer when it was accepted.
   * @throws DeliveryError otherwise
   */
  async send(message: SmtpMessage, lease: Lease): Promise<{ status: number; response: string }> {
    const transmission = new Transmission(lease);
    try {
      const { response } = await this.handOver(message, transmission);
      return { status: Number(response.slice(0, 3)), response };
    } catch (error) {
      throw transmission.failure(error as SmtpError);
    } finally {
      transmission.close();
    }
  }

  /** Connects, greets and authenticates, and does nothing more. @throws the relay's error */
  async verify(): Promise<void> {
    await (await this.started()).verify();
  }

  close(): void {
    void this.transport?.then((transport) => transport.close());
  }

  private started() {
    return (this.transport ??= smtpTransport(this.settings));
  }

  /** A pooled connection may have died unnoticed: retries on another one, as no data of the message was sent. */
  private async handOver(message: SmtpMessage, transmission: Transmission) {
    const options = { ...message, xMailer: false as const, signal: transmission.signal, transmission };
    const transport = await this.started();
    try {
      return await transport.sendMail(options);
    } catch (error) {
      if (!transmission.mayBeginAgain(error as SmtpError)) throw error;
      return await transport.sendMail(options);
    }
  }
}

async function smtpTransport({ host, port, user, password, security }: SmtpSettings) {
  const { createTransport } = await import('nodemailer'); // loaded when there is something to send
  const transport = createTransport({
    pool: true,
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    auth: user ? { user, pass: password } : undefined,
    tls: { minVersion: 'TLSv1.2' },
    maxConnections: SMTP_SLOTS,
    maxMessages: 100,
    maxRequeues: 0, // retries are up to the outbox, which knows whether the lease is still valid
    idleTimeout: IDLE,
    dnsTimeout: CONNECT,
    connectionTimeout: CONNECT,
    greetingTimeout: GREETING,
    socketTimeout: ANSWER,
    socketCloseTimeout: seconds(1),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  transport.use('stream', (mail, done) => {
    const { transmission } = mail.data as { transmission?: Transmission };
    if (transmission) mail.message.processFunc((content) => transmission.guard(content));
    done();
  });
  return transport;
}

/** Sending one message: until the relay asks for its content, it can be aborted without effect. */
class Transmission {
  private readonly controller = new AbortController();
  private begun = false;

  constructor(private readonly lease: Lease) {
    lease.signal.addEventListener('abort', this.abort);
    lease.ending.addEventListener('abort', this.abortUnlessBegun);
    if (lease.ending.aborted) this.abortUnlessBegun();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The content stream; checks the lease when the relay asks for it, as the process may have been suspended meanwhile. */
  guard(content: ReadableStream): ReadableStream {
    const { lease } = this;
    const begin = () => {
      if (lease.left < ANSWER || lease.signal.aborted)
        throw new DeliveryError('The lease is over.', { isReturned: true });
      this.begun = true;
    };
    return Readable.from(
      (async function* () {
        begin();
        yield* content;
      })(),
      { objectMode: false },
    );
  }

  /** Whether no data was sent, as the connection was dead before. */
  mayBeginAgain({ code, responseCode }: SmtpError): boolean {
    const isDead = code === 'ECONNECTION' && responseCode === undefined;
    return isDead && !this.begun && !this.signal.aborted && this.lease.mayBegin;
  }

  /** Maps an SMTP error to the outbox' terms. */
  failure(error: SmtpError): Error {
    if (error instanceof DeliveryError) return error;
    if (!this.begun && this.lease.ending.aborted) return new DeliveryError('The process ends.', { isReturned: true });
    if (this.lease.signal.aborted) return new DeliveryError('The relay took too long.');
    const { responseCode: status = 0, command } = error;
    // an error about the relay's setup or our sender may pass; only one about this mail is permanent
    const isAboutThisMail = command === 'RCPT TO' || command === 'DATA';
    return new DeliveryError(error.message, {
      status: status || undefined,
      isPermanent: isAboutThisMail && status >= 500 && status !== 503,
    });
  }

  close(): void {
    this.lease.signal.removeEventListener('abort', this.abort);
    this.lease.ending.removeEventListener('abort', this.abortUnlessBegun);
  }

  private readonly abort = () => this.controller.abort();

  private readonly abortUnlessBegun = () => {
    if (!this.begun) this.abort();
  };
}

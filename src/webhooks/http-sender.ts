import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { seconds } from '../config/durations.js';
import { AddressNotAllowedError, AllowedAddresses } from './allowed-addresses.js';

const TIME_LIMIT = seconds(15);
const MOST_READ = 4096; // bytes of an answer that are read and discarded

/** The answer of a receiver. */
export interface Answer {
  status: number;
  /** Seconds of `Retry-After`, if present. */
  retryAfter?: number;
}

/** Sends a POST to an allowed address: no redirects, no proxy, no keep-alive. */
@Injectable()
export class HttpSender {
  constructor(private readonly addresses: AllowedAddresses) {}

  /** @throws AddressNotAllowedError, and errors of the connection; after 15 s at the latest */
  post(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Answer> {
    const target = new URL(url);
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // a literal IP address isn't looked up
    if (isIP(host) && !this.addresses.has(host)) return Promise.reject(new AddressNotAllowedError(host));
    const { request } = target.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const sent = request(target, {
        method: 'POST',
        agent: false, // a new connection
        lookup: this.addresses.lookup,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT)]),
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        let read = 0;
        const finish = () => {
          resolve({ status, retryAfter: secondsOf(answered['retry-after']) });
          sent.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read > MOST_READ) finish();
        });
        response.once('end', finish).once('error', reject);
      });
      sent.end(body);
    });
  }
}

/** Seconds, also from a date (RFC 9110 section 10.2.3); undefined for anything else. */
function secondsOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Injectable } from '@nestjs/common';
import { WebhookSettings } from '../config/webhook-settings.js';

/** Addresses that aren't public (IANA's special-purpose registries). */
const RESERVED = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24],
  ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) RESERVED.addSubnet(address, prefix, 'ipv4'); // prettier-ignore
const GLOBAL_IPV6 = new BlockList();
GLOBAL_IPV6.addSubnet('2000::', 3, 'ipv6');
const RESERVED_IPV6 = new BlockList();
for (const [address, prefix] of [
  ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20],
] as const) RESERVED_IPV6.addSubnet(address, prefix, 'ipv6'); // prettier-ignore

/** Link-local addresses, where clouds serve credentials: no setting allows them. */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** The address may not be connected to. */
export class AddressNotAllowedError extends Error {
  constructor(readonly hostname: string) {
    super(`${hostname} is no address that webhooks may go to`);
    this.name = 'AddressNotAllowedError';
  }
}

/** Which addresses requests to URLs chosen by others may go to: public ones, and those that the settings allow. */
@Injectable()
export class AllowedAddresses {
  /** Replaced in tests, which must not resolve names. */
  resolve: typeof dns.lookup = dns.lookup;

  constructor(private readonly settings: WebhookSettings) {}

  /** Whether an IP address, in any notation of node:net, may be connected to. */
  has(address: string): boolean {
    const family = isIP(address);
    if (!family) return false;
    const { allowLoopback, allowedNetworks } = this.settings;
    const mapped = ipv4In(address);
    if (mapped) return this.has(mapped);
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (LOOPBACK.check(address, type)) return allowLoopback;
    if (NEVER.check(address, type)) return false;
    if (allowedNetworks.check(address, type)) return true;
    if (family === 4) return !RESERVED.check(address, type);
    return GLOBAL_IPV6.check(address, type) && !RESERVED_IPV6.check(address, type);
  }

  /**
   * DNS look-up for a connection: succeeds only if every address of the name is allowed. As the connection uses its result,
   * DNS rebinding after the check has no effect.
   */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    this.resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => this.has(address))) {
        return done(new AddressNotAllowedError(hostname), '');
      }
      if (options.all) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}

/** The IPv4 address embedded in `::ffff:a.b.c.d`, `64:ff9b::a.b.c.d` and the deprecated `::a.b.c.d`; undefined for others. */
function ipv4In(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const canonical = URL.parse(`http://[${address.split('%')[0]}]`)?.hostname.slice(1, -1) ?? '';
  const tail = /^(?:::ffff:|::|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(canonical);
  if (!tail || canonical === '::1') return undefined;
  const bits = ((parseInt(tail[1] ?? '0', 16) << 16) | parseInt(tail[2] ?? '0', 16)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

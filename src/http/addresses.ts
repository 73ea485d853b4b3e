/** Parses IP addresses in proxy headers. */
import { isIP, isIPv6 } from 'node:net';

const MAPPED_IPV4 = '0:0:0:0:0:ffff';

/** The address nearest to the client; proxies may write `unknown`. Empty when there is none. */
export function nearestAddress(hops: readonly (string | undefined)[]): string {
  return hops.map((hop) => addressIn(hop ?? '')).findLast((address) => address !== '') ?? '';
}

/** The address in an entry of a proxy header: without port, brackets and zone, IPv4-mapped as IPv4. Empty when invalid. */
export function addressIn(text: string): string {
  const [address = ''] = withoutPort(text.trim()).split('%');
  if (!isIPv6(address)) return isIP(address) ? address : '';
  const groups = groupsOf(address);
  return groups.slice(0, 6).join(':') === MAPPED_IPV4 ? ipv4Of(groups.slice(6)) : address.toLowerCase();
}

/** `203.0.113.7:443` and `[2001:db8::1]:443` without their ports. */
function withoutPort(ip: string): string {
  const [, bracketed, dotted] = /^(?:\[(.*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(ip) ?? [];
  return bracketed ?? dotted ?? ip;
}

/** The eight groups of an IPv6 address, each without leading zeros. */
export function groupsOf(address: string): string[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
}

/** The IPv4 address in the last two groups of an IPv6 address. */
function ipv4Of(groups: string[]): string {
  return groups
    .map((group) => parseInt(group, 16))
    .flatMap((bits) => [bits >> 8, bits & 255])
    .join('.');
}

import { isIPv6 } from 'node:net';

const MAPPED_IPV4 = '0:0:0:0:0:ffff';

/**
 * The network that an address stands for when attempts are counted: an IPv4 address itself, and of an IPv6 address its
 * first 64 bits, as that is what one household or one server gets. Some proxies add the port: it makes no other network.
 */
export function networkOf(ip: string): string {
  const [address = ''] = withoutPort(ip).split('%'); // nor does a zone
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  if (groups.slice(0, 6).join(':') === MAPPED_IPV4) return ipv4Of(groups.slice(6));
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** `203.0.113.7:443` and `[2001:db8::1]:443` without their ports. */
function withoutPort(ip: string): string {
  const [, bracketed, dotted] = /^(?:\[(.*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(ip) ?? [];
  return bracketed ?? dotted ?? ip;
}

/** The eight groups of an IPv6 address, each without leading zeros. */
function groupsOf(address: string): string[] {
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

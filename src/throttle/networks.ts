import { isIPv6 } from 'node:net';
import { addressIn, groupsOf } from '../http/addresses.js';

/**
 * The network that attempts from an address are counted for: an IPv4 address itself; of an IPv6 address the /64, as one
 * household or server gets that.
 */
export function networkOf(ip: string): string {
  const address = addressIn(ip);
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address || ip;
}

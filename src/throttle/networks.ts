import { isIPv6 } from 'node:net';
import { addressIn, groupsOf } from '../http/addresses.js';

/**
 * The network that an address stands for when attempts are counted: an IPv4 address itself, and of an IPv6 address its
 * first 64 bits, as that is what one household or one server gets.
 */
export function networkOf(ip: string): string {
  const address = addressIn(ip);
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address || ip;
}

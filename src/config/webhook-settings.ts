import { BlockList, isIP } from 'node:net';
import type { EnvironmentReader } from './environment.js';

/** Where webhooks may be sent besides public addresses. */
export class WebhookSettings {
  /** Whether loopback addresses are allowed, also by plain http: in development and in tests. */
  allowLoopback: boolean;
  /** Private networks that are allowed. */
  allowedNetworks: BlockList;
}

/** Reads WEBHOOK_ALLOW_NETS. */
export function readWebhooks(env: EnvironmentReader, production: boolean): WebhookSettings {
  const allowedNetworks = new BlockList();
  for (const network of env.list('WEBHOOK_ALLOW_NETS')) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    if (!family || !/^\d{1,3}$/.test(prefix ?? '0') || bits > (family === 4 ? 32 : 128)) {
      env.refuse(`WEBHOOK_ALLOW_NETS: "${network}" is not a network such as 10.1.0.0/16.`, undefined);
      continue;
    }
    allowedNetworks.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return { allowLoopback: !production, allowedNetworks };
}

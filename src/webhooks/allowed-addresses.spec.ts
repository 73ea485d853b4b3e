import { BlockList } from 'node:net';
import { AddressNotAllowedError, AllowedAddresses } from './allowed-addresses.js';

function addresses({ allowLoopback = false, nets = [] as [string, number][] } = {}): AllowedAddresses {
  const allowedNetworks = new BlockList();
  for (const [address, prefix] of nets) allowedNetworks.addSubnet(address, prefix);
  return new AllowedAddresses({ allowLoopback, allowedNetworks });
}

describe('AllowedAddresses', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111'])('has the public address %s', (address) => {
    expect(addresses().has(address)).toBe(true);
  });

  it.each([
    '127.0.0.1', '0.0.0.0', '10.1.2.3', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '224.0.0.1',
    '255.255.255.255', '::1', '::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::7f00:1', 'fe80::1', 'fc00::1', 'ff02::1',
    '2001:db8::1', '64:ff9b::a00:1', '2002:a00:1::', 'example.com', '',
  ])('has not %s', (address) => {
    expect(addresses().has(address)).toBe(false);
  }); // prettier-ignore

  it('opens own networks, and never the link', () => {
    const some = addresses({
      nets: [
        ['10.1.0.0', 16],
        ['169.254.0.0', 16],
        ['127.0.0.0', 8],
      ],
    });
    expect(some.has('10.1.2.3')).toBe(true);
    expect(some.has('10.2.0.1')).toBe(false);
    expect(some.has('169.254.169.254')).toBe(false);
    expect(some.has('127.0.0.1')).toBe(false);
    expect(addresses({ allowLoopback: true }).has('127.0.0.1')).toBe(true);
  });

  it('refuses a name as soon as one of its addresses is none of these, in the very look-up of the connection', async () => {
    const some = addresses();
    const answers = [{ address: '93.184.216.34', family: 4 }];
    some.resolve = ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(null, answers)) as unknown as typeof some.resolve;
    const lookUp = () =>
      new Promise((resolve, reject) =>
        some.lookup('hooks.example', {}, (error, address) => (error ? reject(error) : resolve(address))),
      );
    expect(await lookUp()).toBe('93.184.216.34');
    answers.push({ address: '10.0.0.1', family: 4 }); // rebinding
    await expect(lookUp()).rejects.toThrow(AddressNotAllowedError);
  });
});

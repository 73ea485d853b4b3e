/** The client of a request, in terms that its user recognises. */
import { isIPv4, isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The network of an address, coarse enough to be stable: IPv4 /24, IPv6 /48; undefined for an invalid address. */
export function coarseNetwork(ip: string): string | undefined {
  const address = MAPPED.exec(ip)?.[1] ?? ip.split('%')[0] ?? '';
  if (isIPv4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(address)) return undefined;
  const [head = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = [...head.split(':').filter(Boolean), '0', '0', '0'].slice(0, 3);
  return `${groups.join(':')}::/48`;
}

/** Browser and system of a user agent, from a list of known names; never its own text, which the sender chooses. */
export interface Device {
  browser?: string;
  system?: string;
}

// in this order: each of them also claims to be some of those after it
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?(?:iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^PostmanRuntime\//, 'Postman'],
  [/^python-(?:requests|httpx)\//, 'Python'],
  [/^okhttp\//, 'okhttp'],
  [/^Dart\//, 'Dart'],
  [/^Go-http-client\//, 'Go'],
  [/^(?:node|undici|axios)\b/, 'Node.js'],
];

const SYSTEMS: [RegExp, string][] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/** Recognises browser and operating system. */
export function deviceOf(userAgent: string | null | undefined): Device {
  const text = userAgent ?? '';
  const nameIn = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(text))?.[1];
  return { browser: nameIn(BROWSERS), system: nameIn(SYSTEMS) };
}

import { createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A proxy that serves a server below `/hub`, and takes that away from the path: as many do. */
export async function belowPrefix(target: string): Promise<{ url: string; stop: () => void }> {
  const { hostname, port } = new URL(target);
  const proxy = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith('/hub/')) return outgoing.writeHead(404).end('nothing here');
    const path = incoming.url.slice('/hub'.length);
    const forward = request({ hostname, port, path, method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    incoming.pipe(forward);
    return undefined;
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/hub`, stop: () => proxy.close() };
}

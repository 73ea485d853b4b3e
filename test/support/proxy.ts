import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire to a database that can be cut and mended. */
export interface Proxy {
  /** The database's address, by way of the wire. */
  url: string;
  /** Ends every connection and refuses new ones. */
  cut: () => void;
  mend: () => void;
  /** Ends every connection, and takes new ones to this port: as when a name in DNS leads elsewhere. */
  leadTo: (port: number) => void;
  /** How many connections are open whose first message has these words, such as an application_name. */
  open: (words: string) => number;
  close: () => void;
}

/** Puts a wire between us and a database. */
export async function proxyTo(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const startups = new Map<Socket, string>();
  let isCut = false;
  let targetPort = Number(target.port);
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const upstream = connect({ host: target.hostname, port: targetPort });
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => undefined); // a cut wire is what it is for
      end.on('close', () => {
        sockets.delete(end);
        startups.delete(socket);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.once('data', (startup: Buffer) => startups.set(socket, startup.toString('latin1')));
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = () => {
    isCut = true;
    endAll();
  };
  const leadTo = (port: number) => {
    targetPort = port;
    endAll();
  };
  const url = Object.assign(new URL(target), { port: String(port) }).href;
  const open = (words: string) => [...startups.values()].filter((startup) => startup.includes(words)).length;
  return { url, cut, mend: () => void (isCut = false), leadTo, open, close: () => (cut(), server.close()) };
}

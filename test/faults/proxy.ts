import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can fall silent: connections stay open, and nothing comes through. */
export interface Detour {
  /** The address with the proxy's port in place of its own. */
  readonly url: string;
  stall(): void;
  /** Lets through what has waited, as a network does that comes back. */
  heal(): void;
  close(): void;
}

/** Starts a proxy on a free port of 127.0.0.1 in front of the server that the address names. */
export async function startProxy(address: string): Promise<Detour> {
  const target = new URL(address);
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void to.write(chunk));
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => to.destroy());
      if (stalled) from.pause();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const here = server.address();
  const url = new URL(address);
  url.port = String(typeof here === 'object' && here ? here.port : '');
  return {
    url: url.href,
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    heal() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

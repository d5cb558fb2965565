import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a receiver does with a request; the last of a list goes for all that follow. */
export type Manner =
  | { status: number; headers?: Record<string, string>; body?: string; afterMs?: number }
  /** The connection ends before or amid the answer, no answer ever comes, or one without end, slow or fast. */
  | 'reset'
  | 'reset midway'
  | 'silence'
  | 'drip'
  | 'flood'
  | ((request: Received) => Manner);

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** From now on. */
  answer(...manners: Manner[]): void;
  stop(): Promise<void>;
}

/** A real HTTP server on this machine with the behaviour that the test sets. */
export async function startReceiver(...manners: Manner[]): Promise<Receiver> {
  let script = manners;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const got = { path: request.url ?? '', headers: request.headers, body, at: performance.now() };
      received.push(got);
      behave(response, got, (script.length > 1 ? script.shift() : script[0]) ?? { status: 500 });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer: (...next) => {
      script = next;
    },
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

function behave(response: ServerResponse, request: Received, manner: Manner): void {
  if (manner === 'silence') return;
  if (typeof manner === 'function') {
    behave(response, request, manner(request));
  } else if (manner === 'reset') {
    response.socket?.resetAndDestroy();
  } else if (manner === 'reset midway') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('o', () => response.socket?.resetAndDestroy());
  } else if (manner === 'drip') {
    response.writeHead(200);
    const timer = setInterval(() => response.write('o'), 50);
    response.on('close', () => clearInterval(timer));
  } else if (manner === 'flood') {
    response.writeHead(200);
    const more = () => response.write('x'.repeat(65_536), (error) => error ?? setImmediate(more));
    more();
  } else {
    const { status, headers = {}, body = 'ok', afterMs = 0 } = manner;
    setTimeout(() => response.writeHead(status, headers).end(body), afterMs);
  }
}

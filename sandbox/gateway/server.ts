import type { Agent } from 'node:http';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Call, Emulator, Interceptor } from './call.ts';
import { exchange } from './exchange.ts';
import { type Faults, HangUp } from './faults.ts';
import type { Identities } from './identities.ts';
import { endToEnd, parseCall, readBody } from './request.ts';

/** The receiver of the calls. Known only after the gateway listens, because the emulator must know its address. */
export interface Backend {
  emulator: Emulator;
  agent: Agent;
  identities: Identities;
  /** In this order. */
  interceptors: Interceptor[];
  faults: Faults;
  /** JSON documents at `GET /_sandbox/<name>`. */
  documents: Record<string, () => unknown>;
}

export interface Gateway {
  url: URL;
  open(backend: Backend): void;
  close(): Promise<void>;
}

/**
 * An HTTP server on a free port of 127.0.0.1 that gives each AWS call to the first matching interceptor, else to the
 * emulator, unchanged.
 */
export async function startGateway(log: (line: string) => void): Promise<Gateway> {
  let backend: Backend | undefined;
  const server = createServer((incoming, outgoing) => {
    const answered = (async () => {
      const body = await readBody(incoming);
      if (!backend) return document(503, { message: 'the sandbox is starting' });
      const path = incoming.url ?? '/';
      if (path.startsWith('/_sandbox/')) return own(backend, path);
      const message = { method: incoming.method ?? 'GET', path, headers: endToEnd(incoming), body };
      const forward = () =>
        exchange((backend as Backend).agent, (backend as Backend).emulator.endpoint, message);
      const parsed = parseCall(incoming, body);
      const owner = parsed && (await backend.identities(parsed.accessKeyId));
      if (!owner) return forward(); // unsigned, or an unknown key: the emulator refuses it in its own words
      const call: Call = { ...parsed, accountId: owner.accountId };
      const interceptor = backend.interceptors.find((one) => one.matches(call));
      const carryOut = () => (interceptor ? interceptor.handle(call, forward) : forward());
      return backend.faults.around(call, owner, carryOut);
    })();
    answered.then(
      (answer) => send(outgoing, answer),
      (error: Error) => {
        if (outgoing.destroyed) return; // the caller closed the connection
        if (error instanceof HangUp) return void incoming.socket.resetAndDestroy();
        log(`${incoming.method} ${incoming.url}: ${error.stack ?? error.message}`);
        send(outgoing, document(500, { __type: 'InternalFailure', message: error.message }));
      },
    );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    open(given) {
      backend = given;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function own(backend: Backend, path: string): Answer {
  const found = backend.documents[path.slice('/_sandbox/'.length)];
  return found ? document(200, found()) : document(404, { message: `no ${path}` });
}

function document(status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function send(outgoing: ServerResponse, answer: Answer): void {
  if (outgoing.destroyed) return;
  const headers: Record<string, string | number> = { ...answer.headers };
  delete headers['transfer-encoding'];
  delete headers.connection;
  outgoing.writeHead(answer.status, { ...headers, 'content-length': answer.body.length });
  outgoing.end(answer.body);
}

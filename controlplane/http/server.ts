import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { z } from 'zod';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import { openApi } from './openapi.ts';
import type { Route, RouteContext, TextAnswer } from './routes/route.ts';
import { routes } from './routes/table.ts';

/** Who a request comes from; without configured tokens the service listens on loopback alone and everyone is local. */
function authenticate(tokens: Settings['tokens'], header: string | undefined): string {
  if (tokens.length === 0) return 'local';
  const given = Buffer.from(/^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '');
  const known = tokens.find(({ token }) => {
    const expected = Buffer.from(token);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!known)
    throw new PortcullisError('unauthenticated', 'send a known token: Authorization: Bearer <token>');
  return known.name;
}

function parseWith<T>(schema: z.ZodType<T> | undefined, value: unknown, where: string): T | undefined {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || where;
  throw new PortcullisError('invalid-request', `${field}: ${issue?.message}`);
}

/** The pieces again; what goes wrong before the first of them is thrown at once. */
async function begun(text: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const pieces = text[Symbol.asyncIterator]();
  const first = await pieces.next();
  return (async function* () {
    try {
      for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
    } finally {
      await pieces.return?.();
    }
  })();
}

/** Sends pieces as fast as the reader takes them; one that fails breaks the connection, so that none takes it for whole. */
async function sendText({ status, type, text }: TextAnswer, response: Response): Promise<void> {
  const content = typeof text === 'string' ? text : await begun(text);
  response.status(status).set('content-type', type);
  if (typeof content === 'string') response.send(content);
  else await pipeline(Readable.from(content), response);
}

const serve =
  (route: Route, context: RouteContext, tokens: Settings['tokens']) =>
  async (request: Request, response: Response): Promise<void> => {
    const caller = route.open ? 'anyone' : authenticate(tokens, request.headers.authorization);
    // Anything else is not parsed, and would pass for a request about the whole organization.
    if (route.body && !request.is('application/json')) {
      throw new PortcullisError(
        'invalid-request',
        'body: send JSON with content-type application/json; {} where there is nothing to say',
      );
    }
    const answer = await route.handle(context, {
      body: parseWith(route.body, request.body, 'body'),
      query: parseWith(route.query, request.query, 'query'),
      parameters: request.params as Record<string, string>,
      caller,
    });
    if ('text' in answer) return sendText(answer, response);
    if (answer.location) response.location(answer.location);
    response.status(answer.status).json(answer.body);
  };

function asError(error: unknown): PortcullisError {
  if (error instanceof PortcullisError) return error;
  const status = (error as { status?: unknown }).status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new PortcullisError('invalid-request', `body: ${reasonOf(error)}`);
  }
  return new PortcullisError('internal', 'something went wrong here; the log has it', { cause: error });
}

/** The Express application of the route table. It listens to nothing by itself. */
export function application(
  context: RouteContext,
  settings: Pick<Settings, 'tokens'>,
  version: string,
  log: Logger,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '256kb', strict: true }));
  for (const route of routes) app[route.method](route.path, serve(route, context, settings.tokens));
  const document = openApi(routes, version);
  app.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  app.use((request: Request) => {
    throw new PortcullisError(
      'not-found',
      `${request.method} ${request.path} does not exist; see /openapi.json`,
    );
  });
  app.use((thrown: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      log.warn({ path: request.path, error: reasonOf(thrown) }, 'answer broken off');
      return next(thrown);
    }
    const error = asError(thrown);
    if (error.status >= 500)
      log.error({ path: request.path, error: reasonOf(error.cause ?? error) }, 'request failed');
    response.status(error.status).json({ error: { code: error.code, message: error.message } });
  });
  return app;
}

/** Listens; its address once it does. @throws PortcullisError `in-use` where the port is taken. */
export function listen(
  app: Express,
  host: string,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer(app);
  // Longer than the 60 s that load balancers and pools of connections keep an idle connection: with the 5 s of Node the
  // next request could meet a connection that the server is closing.
  server.keepAliveTimeout = 65_000;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new PortcullisError('in-use', `port ${port} is taken; set PORTCULLIS_PORT to another`, {
              cause: error,
            })
          : error,
      ),
    );
    server.listen(port, host, () => {
      const at = server.address() as AddressInfo;
      resolve({
        url: `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

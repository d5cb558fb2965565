import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import compression from 'compression';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import { authenticator, type Caller, requireRole } from './access/authentication.ts';
import { hostCheck, requestedHost } from './access/hosts.ts';
import { sendText } from './answer.ts';
import { errorsPage } from './errors-page.ts';
import { parseInput, parseParameters } from './input.ts';
import { costlyReads, exportsAtOnce, requestLimit } from './limits.ts';
import { openApi } from './openapi.ts';
import { asError, errorsPath, headersOf, problemOf, problemType } from './problem.ts';
import type { Route, RouteContext } from './routes/route.ts';
import { routes } from './routes/table.ts';

export type DoorSettings = Pick<Settings, 'tokens' | 'allowedHosts' | 'requestsPerMinute'>;

/** An export is not compressed: its lines reach the reader as they are made. */
const isJson = (_: Request, response: Response) =>
  /^application\/(problem\+)?json/.test(String(response.getHeader('content-type')));

const callerOf = (response: Response): Caller => response.locals.caller as Caller;

/** Who calls, and whether the role allows the route. Nothing of the body is read before. */
const authorize =
  (authenticate: ReturnType<typeof authenticator>, route: Route) =>
  (request: Request, response: Response, next: NextFunction): void => {
    if (route.role !== 'anyone') {
      const caller = authenticate(request.headers.authorization);
      requireRole(caller, route.role);
      response.locals.caller = caller;
    }
    next();
  };

/** Places for the answers that take long: a place of an expensive read, and one of an export. */
interface Places {
  readonly costly: ReturnType<typeof costlyReads>;
  readonly exported: ReturnType<typeof costlyReads>;
}

/** Answers one request of a route, once it is authorized and its body is parsed. */
const serve =
  (route: Route, context: RouteContext, { costly, exported }: Places) =>
  async (request: Request, response: Response): Promise<void> => {
    // Another content type is not parsed, and the request would look like one without a body.
    if (route.body && !request.is('application/json'))
      throw new PortcullisError('invalid-request', 'body: send JSON with content-type application/json');
    const asked = {
      body: parseInput(route.body, request.body, 'body'),
      query: parseInput(route.query, request.query, 'query'),
      parameters: parseParameters(request.params),
      caller: route.role === 'anyone' ? 'anyone' : callerOf(response).name,
    };
    if (route.method === 'post' && !route.whileUninstalled) await context.assertInstalled?.();
    const answering = async () => {
      const answer = await route.handle(context, asked);
      if ('text' in answer) {
        const send = () => sendText(answer, response);
        return typeof answer.text === 'string' ? send() : exported(send);
      }
      if (answer.location) response.location(answer.location);
      response.status(answer.status).json(answer.body);
    };
    await (route.costly ? costly(answering) : answering());
  };

/** Each path refuses the methods that no route has. */
function refuseOtherMethods(app: Express): void {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const served = [...byPath].map(([path, own]) => [path, own.map(({ method }) => method)] as const);
  const pages = ['/openapi.json', errorsPath].map((path) => [path, ['get']] as const);
  for (const [path, methods] of [...served, ...pages]) {
    const allowed = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : ['POST'])).join(', ');
    app.all(path, (request: Request, response: Response) => {
      response.set('allow', allowed);
      throw new PortcullisError(
        'method-not-allowed',
        `${request.path} takes ${allowed}, not ${request.method}`,
      );
    });
  }
}

function reportErrors(app: Express, log: Logger): void {
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
    response.status(error.status).set(headersOf(error)).type(problemType).json(problemOf(error));
  });
}

/**
 * The Express application of the route table. The order is the point: host and origin, then the token and its role,
 * then the limit of that token, then the body. It does not listen.
 */
export function application(
  context: RouteContext,
  settings: DoorSettings,
  version: string,
  log: Logger,
): Express {
  const app = express();
  // An answer is never stored (`no-store` below), so no request names a tag.
  app.set('etag', false);
  app.use(compression({ filter: isJson }));
  app.use(helmet());
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set('cache-control', 'no-store');
    next();
  });
  const check = hostCheck(settings.allowedHosts);
  app.use(({ path, originalUrl, headers, headersDistinct }: Request, _: Response, next: NextFunction) => {
    check({ path, host: requestedHost(originalUrl, headersDistinct), origin: headers.origin });
    next();
  });
  const authenticate = authenticator(settings.tokens);
  const limit = requestLimit(
    settings.requestsPerMinute,
    ({ res }: Request) => callerOf(res as Response).name,
  );
  const places = { costly: costlyReads(), exported: costlyReads(exportsAtOnce) };
  const parse = express.json({ limit: '256kb', strict: true });
  for (const route of routes) {
    const limited = route.role === 'anyone' ? [] : [limit];
    const parsed = route.body ? [parse] : [];
    const handlers = [authorize(authenticate, route), ...limited, ...parsed, serve(route, context, places)];
    app[route.method](route.path, ...handlers);
  }
  const document = openApi(routes, version);
  app.get('/openapi.json', (_request, response) => void response.json(document));
  app.get(errorsPath, (_request, response) => void response.type('text/markdown').send(errorsPage()));
  refuseOtherMethods(app);
  reportErrors(app, log);
  return app;
}

/** Listens; its address once it does. @throws PortcullisError `in-use` where the port is taken. */
export function listen(
  app: RequestListener,
  host: string,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  // A query that is too long gets 400 with its mistake, in place of the bare 431 that Node answers beyond 16 KiB.
  const server: Server = createServer({ maxHeaderSize: 131_072 }, app);
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

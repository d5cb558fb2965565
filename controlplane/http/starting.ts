import type { RequestListener } from 'node:http';
import { PortcullisError } from '../settings/errors.ts';
import type { Missing } from '../stacks/missing.ts';
import { headersOf, problemOf, problemType } from './problem.ts';

/** What answers at the service's address, from before the service can work. */
export interface FrontDoor {
  readonly listener: RequestListener;
  /** Says what the start waits for; undefined: for nothing. */
  waitFor(reason: string | undefined): void;
  /** Everything is answered by the application from now on. */
  open(application: RequestListener): void;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

function answerOf(path: string | undefined, reason: string): Answer {
  if (path === '/healthz') return { status: 200, body: { status: 'ok' } };
  const error = new PortcullisError('store-unreachable', `not ready: ${reason}`);
  const headers = headersOf(error);
  if (path !== '/readyz')
    return {
      status: error.status,
      body: problemOf(error),
      headers: { ...headers, 'content-type': problemType },
    };
  const missing: Missing = {
    ...{ what: 'database', blocking: true, message: reason },
    fix: 'wait, or check DATABASE_URL and whether the database runs; the start continues when the database answers',
  };
  return { status: 503, body: { status: 'not ready', reason, missing: [missing] }, headers };
}

/** Until the application answers: the process is alive, not ready, and why. */
export function frontDoor(): FrontDoor {
  const starting = 'the service is starting';
  let reason = starting;
  let application: RequestListener | undefined;
  return {
    listener(request, response) {
      if (application) return application(request, response);
      const { status, body, headers } = answerOf(request.url?.split('?')[0], reason);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    },
    waitFor(what = starting) {
      reason = what;
    },
    open(ready) {
      application = ready;
    },
  };
}

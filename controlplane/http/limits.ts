import { rateLimit } from 'express-rate-limit';
import pLimit from 'p-limit';
import { PortcullisError } from '../settings/errors.ts';

/** Expensive reads at once, and how many more may wait. */
const costly = { atOnce: 2, waiting: 50 };

/** Exports have places of their own: their readers decide how long they take. */
export const exportsAtOnce = { atOnce: 4, waiting: 50 };

/**
 * Runs at most two expensive reads at once. A large answer blocks the event loop while it is made into text; between two
 * of them the loop serves other requests, such as `/healthz`. @throws PortcullisError `busy` where many wait already
 */
export function costlyReads({ atOnce, waiting } = costly): <T>(work: () => Promise<T>) => Promise<T> {
  const limit = pLimit(atOnce);
  return async (work) => {
    if (limit.pendingCount >= waiting)
      throw new PortcullisError('busy', `${waiting} expensive reads wait already; try again`);
    return limit(work);
  };
}

/** Limits the requests of each caller in a minute. `nameOf` names the caller of a request. */
export const requestLimit = <Request>(perMinute: number, nameOf: (request: Request) => string) =>
  rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (request) => nameOf(request as Request),
    handler: () => {
      throw new PortcullisError(
        'too-many-requests',
        `this token has sent more than ${perMinute} requests within a minute; wait for the seconds of Retry-After`,
      );
    },
  });

import { AsyncLocalStorage } from 'node:async_hooks';
import type { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { isThrottling } from './errors.ts';
import { type QuotaScope, quotaOf } from './quotas.ts';
import { type BucketClock, systemClock, type TokenBucket, tokenBucket } from './token-bucket.ts';

/** A middleware for the stack of any client; the SDK's own type of it. */
export type Plugin = NonNullable<Parameters<typeof fromTemporaryCredentials>[0]['clientPlugins']>[number];

/** Told of each throttling answer, the ones that were retried with success included. */
export type OnThrottle = (service: string, operation: string, scope: QuotaScope) => void;

/** Whose quota a client's calls count against. */
export interface CalledIn {
  readonly accountId: string;
  readonly region: string;
}

export interface Throttle {
  /** Makes a client wait for its turn before each attempt of each call. */
  plugin(where: CalledIn): Plugin;
  /** How many workers live, this one included: each takes its part of what they share. */
  share(workers: number): void;
  /** How many buckets there are; those that would start anew the same are forgotten. */
  readonly size: number;
}

interface Divided {
  readonly bucket: TokenBucket;
  readonly scope: QuotaScope;
}

const cancellation = new AsyncLocalStorage<AbortSignal>();

/**
 * Runs work whose AWS calls stop waiting for their turn, and start no further attempt, once the signal aborts; for a
 * lease that was lost. Calls already sent end as they will.
 */
export const cancellable = <T>(signal: AbortSignal, work: () => T): T => cancellation.run(signal, work);

/** Runs work that others wait for as well: it goes on where the one that began it is cancelled. */
export const shared = <T>(work: () => T): T => cancellation.exit(work);

/** Past so many, buckets that hold no knowledge are forgotten. */
const many = 2_000;

interface CommandContext {
  readonly clientName?: string;
  readonly commandName?: string;
}

interface Operation {
  readonly service: string;
  readonly operation: string;
}

const operationOf = ({ clientName = '', commandName = '' }: CommandContext): Operation => ({
  service: clientName.replace(/Client$/, ''),
  operation: commandName.replace(/Command$/, ''),
});

/** The bucket of each API and place, made when first called. */
function bucketStore(clock: BucketClock) {
  const buckets = new Map<string, Divided>();
  let workers = 1;
  let forgetAt = many;

  /** Member accounts are not divided: an account's keys seldom run on two workers at once. */
  const divide = ({ bucket, scope }: Divided) => {
    if (scope === 'organization') bucket.share(workers);
  };
  return {
    of({ service, operation }: Operation, { accountId, region }: CalledIn): Divided {
      const quota = quotaOf(service, operation);
      const place = quota.scope === 'organization' ? 'organization' : `${accountId} ${region}`;
      const key = `${service} ${quota.each ? operation : quota.named} ${place}`;
      const known = buckets.get(key);
      if (known) return known;
      if (buckets.size >= forgetAt) {
        for (const [name, { bucket }] of buckets) if (bucket.idle()) buckets.delete(name);
        forgetAt = Math.max(many, buckets.size * 2);
      }
      const made = { bucket: tokenBucket(quota, clock), scope: quota.scope };
      divide(made);
      buckets.set(key, made);
      return made;
    },
    share(next: number) {
      workers = Math.max(1, next);
      for (const bucket of buckets.values()) divide(bucket);
    },
    size: () => buckets.size,
  };
}

/** Token buckets for every API that clients with its plugin call. One for the process. */
export function throttle({
  onThrottle = () => undefined,
  clock = systemClock,
}: {
  readonly onThrottle?: OnThrottle | undefined;
  readonly clock?: BucketClock;
} = {}): Throttle {
  const buckets = bucketStore(clock);

  /** Waits, sends, and learns from the answer. */
  async function attempt<T>(operation: Operation, where: CalledIn, send: () => Promise<T>): Promise<T> {
    const { bucket, scope } = buckets.of(operation, where);
    await bucket.take(cancellation.getStore());
    try {
      return await send();
    } catch (error) {
      if (isThrottling(error)) {
        bucket.throttled();
        onThrottle(operation.service, operation.operation, scope);
      }
      throw error;
    }
  }

  const middleware =
    (where: CalledIn) =>
    <Args, Output>(next: (args: Args) => Promise<Output>, context: CommandContext) =>
    (args: Args): Promise<Output> =>
      attempt(operationOf(context), where, () => next(args));

  return {
    plugin: (where) => ({
      applyToStack: (stack) =>
        // Inside the SDK's retries: every attempt is a call that counts.
        stack.addRelativeTo(middleware(where), {
          name: 'portcullisThrottle',
          relation: 'after',
          toMiddleware: 'retryMiddleware',
          override: true,
        }),
    }),
    share: buckets.share,
    get size() {
      return buckets.size();
    },
  };
}

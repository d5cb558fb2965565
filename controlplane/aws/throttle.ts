import { AsyncLocalStorage } from 'node:async_hooks';
import type { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { isThrottling } from './errors.ts';
import { type QuotaScope, quotaOf } from './quotas.ts';
import { type BucketClock, systemClock, type TokenBucket, tokenBucket } from './token-bucket.ts';

/** A middleware for the stack of any client; the SDK's type of it. */
export type Plugin = NonNullable<Parameters<typeof fromTemporaryCredentials>[0]['clientPlugins']>[number];

/** Called for each throttling response, including those that were retried with success. */
export type OnThrottle = (service: string, operation: string, scope: QuotaScope) => void;

/** Selects the quota of a client's calls. */
export interface CalledIn {
  readonly accountId: string;
  readonly region: string;
}

export interface Throttle {
  /** Delays each attempt of each call until its bucket has a token. */
  plugin(where: CalledIn): Plugin;
  /** Sets the number of live workers, including this one: each uses its share of the shared quotas. */
  share(workers: number): void;
  /** The number of buckets. Buckets in their initial state are removed. */
  readonly size: number;
}

interface Divided {
  readonly bucket: TokenBucket;
  readonly scope: QuotaScope;
}

const cancellation = new AsyncLocalStorage<AbortSignal>();

/** After an abort no call waits or starts, for example after a lost lease. Sent calls are not cancelled. */
export const cancellable = <T>(signal: AbortSignal, work: () => T): T => cancellation.run(signal, work);

/** Runs work for several callers: it continues when the first caller is cancelled. */
export const shared = <T>(work: () => T): T => cancellation.exit(work);

/** Above this number, buckets in their initial state are removed. */
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

/** The bucket per API and place, created on the first call. */
function bucketStore(clock: BucketClock) {
  const buckets = new Map<string, Divided>();
  let workers = 1;
  let forgetAt = many;

  /** Quotas of member accounts are not divided: an account's keys rarely run on two workers at once. */
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

/** Token buckets for every API of the clients with its plugin. One per process. */
export function throttle({
  onThrottle = () => undefined,
  clock = systemClock,
}: {
  readonly onThrottle?: OnThrottle | undefined;
  readonly clock?: BucketClock;
} = {}): Throttle {
  const buckets = bucketStore(clock);

  /** Waits, sends, and adapts the rate to the response. */
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
        // Inside the SDK's retries: every attempt counts against the quota.
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

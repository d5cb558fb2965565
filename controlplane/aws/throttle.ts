import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pluggable } from '@smithy/types';
import { isThrottling } from './errors.ts';
import { latest } from './latest.ts';
import { type Quota, quotaOf } from './quotas.ts';
import { type TokenBucket, tokenBucket } from './token-bucket.ts';

/** A middleware for the stack of any client. */
// biome-ignore lint/suspicious/noExplicitAny: the inputs and outputs of every client
export type Plugin = Pluggable<any, any>;

/** Called for each throttling response, including those that were retried with success. */
export type OnThrottle = (service: string, operation: string, scope: Quota['scope']) => void;

/** Selects the quota of a client's calls. */
export interface CalledIn {
  readonly accountId: string;
  readonly region: string;
}

interface CommandContext {
  readonly clientName?: string;
  readonly commandName?: string;
}

const cancellation = new AsyncLocalStorage<AbortSignal>();

/** After an abort no call waits or starts, for example after a lost lease. Sent calls are not cancelled. */
export const cancellable = <T>(signal: AbortSignal, work: () => T): T => cancellation.run(signal, work);

/** Runs work for several callers: it continues when the first caller is cancelled. */
export const shared = <T>(work: () => T): T => cancellation.exit(work);

const createBuckets = () => ({
  // A few for each API. Callers may wait for one of them for minutes, so none is dropped.
  organization: latest<TokenBucket>(Number.POSITIVE_INFINITY),
  // One that is dropped had time to fill while so many others were used.
  account: latest<TokenBucket>(2_000),
});

/** Token buckets for every API of the clients with its plugin, by API and place. One per process. */
export function throttle(onThrottle: OnThrottle = () => undefined) {
  const buckets = createBuckets();
  let workers = 1;
  const bucketOf = (service: string, operation: string, { accountId, region }: CalledIn) => {
    const quota = quotaOf(service, operation);
    const isShared = quota.scope === 'organization';
    const place = isShared ? 'organization' : `${accountId} ${region}`;
    const key = `${service} ${quota.each ? operation : quota.named} ${place}`;
    // Quotas of member accounts are not divided: an account's keys rarely run on two workers at once.
    const parts = () => (isShared ? workers : 1);
    return { scope: quota.scope, bucket: buckets[quota.scope](key, () => tokenBucket(quota, { parts })) };
  };
  const middleware =
    (where: CalledIn) =>
    <Args, Output>(
      next: (args: Args) => Promise<Output>,
      { clientName = '', commandName = '' }: CommandContext,
    ) => {
      const service = clientName.replace(/Client$/, '');
      const operation = commandName.replace(/Command$/, '');
      return async (args: Args): Promise<Output> => {
        const { bucket, scope } = bucketOf(service, operation, where);
        await bucket.take(cancellation.getStore());
        try {
          return await next(args);
        } catch (error) {
          if (isThrottling(error)) {
            bucket.throttled();
            onThrottle(service, operation, scope);
          }
          throw error;
        }
      };
    };
  return {
    /** Delays each attempt of each call until its bucket has a token, and adapts the rate to the response. */
    plugin: (where: CalledIn): Plugin => ({
      applyToStack: (stack) =>
        // Inside the SDK's retries: every attempt counts against the quota.
        stack.addRelativeTo(middleware(where), {
          ...{ name: 'portcullisThrottle', override: true },
          ...{ relation: 'after', toMiddleware: 'retryMiddleware' },
        }),
    }),
    /** Sets the number of live workers, including this one: each uses its share of the shared quotas. */
    share(next: number) {
      workers = Math.max(1, next);
    },
  };
}

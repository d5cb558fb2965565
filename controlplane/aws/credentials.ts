import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { isExpired, isUnsigned } from './errors.ts';
import { type Plugin, shared } from './throttle.ts';

type Provider = ReturnType<typeof fromTemporaryCredentials>;
type Credentials = Awaited<ReturnType<Provider>>;
type AssumeOptions = Parameters<typeof fromTemporaryCredentials>[0];

/** Credentials of a role, shared by all clients of an account and renewed before they expire. */
export interface KeptCredentials {
  readonly provide: Provider;
  /** Assumes the role again at the next call, because AWS reported expired credentials. */
  forget(): void;
}

const margin = 5 * 60_000;

/** Concurrent callers share one request; a failure is not cached. */
function remembered(get: Provider): KeptCredentials {
  let held: Promise<Credentials> | undefined;
  let until = 0;
  return {
    async provide() {
      if (held === undefined || Date.now() >= until) {
        until = Number.POSITIVE_INFINITY; // until the response has an expiry
        const asked = shared(get);
        held = asked;
        try {
          until = ((await asked).expiration?.getTime() ?? Number.POSITIVE_INFINITY) - margin;
        } catch (error) {
          if (held === asked) held = undefined;
          throw error;
        }
      }
      // Marked as expired now, so that a client always asks here instead of caching them.
      return { ...(await held), expiration: new Date() };
    },
    forget() {
      held = undefined;
    },
  };
}

/** Chains above this number are dropped, the least recently used first: each holds an STS client of its own. */
const keptChains = 256;

/** Assumes roles in chains. Accounts with the same first roles share their credentials. */
export function roleChains({
  externalId,
  clientConfig,
  clientPlugins,
}: {
  readonly externalId: string | undefined;
  readonly clientConfig: NonNullable<AssumeOptions['clientConfig']>;
  readonly clientPlugins: Plugin[];
}): (roles: readonly string[]) => KeptCredentials | undefined {
  const chains = new Map<string, KeptCredentials>();
  const chain = (roles: readonly string[]): KeptCredentials | undefined => {
    const last = roles.at(-1);
    if (last === undefined) return undefined;
    const key = roles.join(' ');
    // Also where this chain is known: the first roles are used as recently.
    const before = chain(roles.slice(0, -1));
    const known = chains.get(key);
    if (known) {
      chains.delete(key);
      chains.set(key, known);
      return known;
    }
    const assume = fromTemporaryCredentials({
      params: {
        RoleArn: last,
        RoleSessionName: 'portcullis',
        ...(externalId && { ExternalId: externalId }),
      },
      ...(before && { masterCredentials: before.provide }),
      clientConfig,
      clientPlugins,
    });
    const kept = remembered(assume);
    const made = {
      provide: kept.provide,
      forget() {
        kept.forget();
        before?.forget();
      },
    };
    chains.set(key, made);
    const [oldest] = chains.keys();
    if (chains.size > keptChains && oldest !== undefined) chains.delete(oldest);
    return made;
  };
  return chain;
}

const tries = 3;

/**
 * Retries once with new credentials when AWS reports that they expired. Also retries a rejected signature: the SDK
 * learns the clock's error from the response, but retries only when the clock was wrong, not when it was corrected.
 * Source: `errorHandler` of AwsSdkSigV4Signer, @aws-sdk/core.
 */
export const renewing = (forget: () => void): Plugin => ({
  applyToStack: (stack) =>
    stack.add(
      (next) => async (args) => {
        let signedAnew = false;
        for (let left = tries; ; left -= 1) {
          try {
            return await next(args);
          } catch (error) {
            const sign = isUnsigned(error) && !signedAnew;
            if (left <= 1 || !(isExpired(error) || sign)) throw error;
            if (sign) signedAnew = true;
            else forget();
          }
        }
      },
      { name: 'portcullisRenewing', step: 'initialize', priority: 'high', override: true },
    ),
});

import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { isExpired, isUnsigned } from './errors.ts';
import { type Plugin, shared } from './throttle.ts';

type Provider = ReturnType<typeof fromTemporaryCredentials>;
type Credentials = Awaited<ReturnType<Provider>>;
type AssumeOptions = Parameters<typeof fromTemporaryCredentials>[0];

/** Credentials of a role, assumed once for all clients of an account and again before they end. */
export interface KeptCredentials {
  readonly provide: Provider;
  /** Assumes anew at the next call: AWS said that they ended. */
  forget(): void;
}

const margin = 5 * 60_000;

/** One request however many ask; a failure is not kept. */
function remembered(get: Provider): KeptCredentials {
  let held: Promise<Credentials> | undefined;
  let until = 0;
  return {
    async provide() {
      if (held === undefined || Date.now() >= until) {
        until = Number.POSITIVE_INFINITY; // until the answer says otherwise
        const asked = shared(get);
        held = asked;
        try {
          until = ((await asked).expiration?.getTime() ?? Number.POSITIVE_INFINITY) - margin;
        } catch (error) {
          if (held === asked) held = undefined;
          throw error;
        }
      }
      // Ended as of now, so that a client asks here each time rather than keep them to itself.
      return { ...(await held), expiration: new Date() };
    },
    forget() {
      held = undefined;
    },
  };
}

/** Assumes roles, each with the credentials of the one before; a chain's beginning is assumed once for all that share it. */
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
    const known = chains.get(key);
    if (known) return known;
    const before = chain(roles.slice(0, -1));
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
    return made;
  };
  return chain;
}

const tries = 3;

/**
 * Makes a client that is told that its credentials ended ask for new ones and try again. A signature that is refused is
 * made once more: the SDK has learned by the answer how wrong the clock is, and tries again by itself only where it went
 * wrong, not where it was set right. Source: `errorHandler` of AwsSdkSigV4Signer, @aws-sdk/core.
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

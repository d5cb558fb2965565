import { AssumeRoleCommand, type STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { isExpired, isUnsigned } from './errors.ts';
import { latest } from './latest.ts';
import { type Plugin, shared } from './throttle.ts';

type Provider = Extract<STSClientConfig['credentials'], (...given: never[]) => unknown>;
type Credentials = Awaited<ReturnType<Provider>>;

/** Credentials of a role, shared by all clients that use it and renewed before they expire. */
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
      // Marked as expired now, so that a client always calls this function instead of caching them.
      return { ...(await held), expiration: new Date() };
    },
    forget() {
      held = undefined;
    },
  };
}

/** More roles than an organization usually has accounts; one is a few kilobytes. */
const keptRoles = 4_096;

/**
 * The credentials at the end of a chain of roles, each assumed with those before it; undefined for no role. Accounts with
 * the same first roles share their credentials.
 * @param sts signs with the credentials at the end of the given roles
 */
export function roleChains(
  externalId: string | undefined,
  sts: (roles: readonly string[]) => STSClient,
): (roles: readonly string[]) => KeptCredentials | undefined {
  const kept = latest<KeptCredentials>(keptRoles);
  const assume = async (roles: readonly string[]): Promise<Credentials> => {
    const asked = { RoleArn: roles.at(-1), RoleSessionName: 'portcullis', ExternalId: externalId };
    const { Credentials: given } = await sts(roles.slice(0, -1)).send(new AssumeRoleCommand(asked));
    if (!given?.AccessKeyId || !given.SecretAccessKey)
      throw new Error(`AssumeRole of ${asked.RoleArn} returned no credentials`);
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken && { sessionToken: given.SessionToken }),
      ...(given.Expiration && { expiration: given.Expiration }),
    };
  };
  return (roles) =>
    roles.length === 0 ? undefined : kept(roles.join(' '), () => remembered(() => assume(roles)));
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

import { Provider } from '@pulumi/aws/provider.js';
import * as pulumi from '@pulumi/pulumi';
import type { Place } from './arguments.ts';

/** The roles to assume, each with the credentials of the one before. */
const chainOf = ({ accessRoleArn, deployerRoleArn, externalId }: Place) =>
  [deployerRoleArn, accessRoleArn]
    .filter((roleArn) => roleArn !== undefined)
    .map((roleArn) => ({ roleArn, sessionName: 'portcullis', ...(externalId && { externalId }) }));

/**
 * The AWS provider for one account. `allowedAccountIds` makes a wrong credential fail before anything is changed. The
 * official plugin assumes roles and validates credentials in the provider's Region, not in `stsRegion`, and a
 * Region that needs opt-in refuses an account that has not enabled it. So the provider always works in the hub Region,
 * and each resource names its own (source: `validateCredentials` in provider/config.go of pulumi-aws). The default of
 * 25 retries would block a worker for minutes when an API throttles; the scheduler retries later.
 */
export function providerFor(place: Place, hubRegion: string): Provider {
  return new Provider('aws', {
    region: hubRegion as never,
    allowedAccountIds: [place.accountId],
    retryMode: 'standard',
    maxRetries: 10,
    ...(place.accessRoleArn && { assumeRoles: chainOf(place) }),
  });
}

/** A provider, with the Region that each regional resource names. */
export interface At {
  readonly provider: Provider;
  readonly placed: { readonly region: never };
}

export const inRegion = (provider: Provider, region: string): At => ({
  provider,
  placed: { region: region as never },
});

/**
 * Set on every rule, because the official provider ignores a rule that was disabled by hand when the program leaves the
 * state out. Source: `DiffSuppressFunc` of `state` in internal/service/events/rule.go.
 */
export const ruleState = 'ENABLED';

export const tags = (stackKind: string): Record<string, string> => ({
  'portcullis:managed': 'true',
  'portcullis:stack': stackKind,
});

/**
 * From now on gives every resource of the stack that has tags also those of the settings; its own win. Not the
 * provider's default tags: with those, what a refresh reads differs from what the program declares.
 */
export function tagEverything(given: Readonly<Record<string, string>> | undefined): void {
  if (!given) return;
  pulumi.runtime.registerStackTransformation(({ props, opts }) =>
    props.tags ? { props: { ...props, tags: { ...given, ...props.tags } }, opts } : undefined,
  );
}

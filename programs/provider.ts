import { Provider } from '@pulumi/aws/provider.js';
import type { Place } from './arguments.ts';

/** The roles to assume, each with the credentials of the one before. */
const chainOf = ({ accessRoleArn, deployerRoleArn, externalId }: Place) =>
  [deployerRoleArn, accessRoleArn]
    .filter((roleArn) => roleArn !== undefined)
    .map((roleArn) => ({ roleArn, sessionName: 'portcullis', ...(externalId && { externalId }) }));

/**
 * The AWS provider for one place. `allowedAccountIds` makes a wrong credential fail before anything is changed. The
 * access role is assumed in the hub Region, because the caller's account may not have the place's Region enabled. The
 * default of 25 retries would block a worker for minutes when an API throttles; the scheduler retries later.
 */
export function providerFor(place: Place, hubRegion: string): Provider {
  return new Provider('aws', {
    region: place.region as never,
    allowedAccountIds: [place.accountId],
    retryMode: 'standard',
    maxRetries: 10,
    ...(place.accessRoleArn && { stsRegion: hubRegion, assumeRoles: chainOf(place) }),
  });
}

/**
 * Set on every rule, because the official provider ignores a rule that was disabled by hand when the program leaves the
 * state out. Source: `DiffSuppressFunc` of `state` in internal/service/events/rule.go.
 */
export const ruleState = 'ENABLED';

export const tags = (stackKind: string): Record<string, string> => ({
  'portcullis:managed': 'true',
  'portcullis:stack': stackKind,
});

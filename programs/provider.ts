import { Provider } from '@pulumi/aws/provider.js';
import type { Place } from './arguments.ts';

/** The roles to assume, each with the credentials of the one before. */
const chainOf = ({ accessRoleArn, deployerRoleArn, externalId }: Place) =>
  [deployerRoleArn, accessRoleArn]
    .filter((roleArn) => roleArn !== undefined)
    .map((roleArn) => ({ roleArn, sessionName: 'portcullis', ...(externalId && { externalId }) }));

/**
 * The AWS provider for one place. `allowedAccountIds` makes a wrong credential fail before anything is touched.
 * The access role is assumed in the hub Region: the caller's account need not have the place's Region enabled.
 * Its own 25 retries would hold a worker for minutes over an API that throttles; the scheduler comes again.
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
 * The state of every rule. It is named because the official provider ignores a rule that was disabled by hand where the
 * program leaves the state out. Source: `DiffSuppressFunc` of `state` in internal/service/events/rule.go.
 */
export const ruleState = 'ENABLED';

/** The tags on everything that Portcullis makes. */
export const tags = (stackKind: string): Record<string, string> => ({
  'portcullis:managed': 'true',
  'portcullis:stack': stackKind,
});

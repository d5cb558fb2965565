import { Provider } from '@pulumi/aws/provider.js';
import type { Place } from './arguments.ts';

/**
 * The AWS provider for one place. `allowedAccountIds` makes a wrong credential fail before anything is touched.
 * The access role is assumed in the hub Region: the caller's account need not have the place's Region enabled.
 */
export function providerFor(place: Place, hubRegion: string): Provider {
  return new Provider('aws', {
    region: place.region as never,
    allowedAccountIds: [place.accountId],
    ...(place.accessRoleArn && {
      stsRegion: hubRegion,
      assumeRoles: [{ roleArn: place.accessRoleArn, sessionName: 'portcullis' }],
    }),
  });
}

/** The tags on everything that Portcullis makes. */
export const tags = (stackKind: string): Record<string, string> => ({
  'portcullis:managed': 'true',
  'portcullis:stack': stackKind,
});

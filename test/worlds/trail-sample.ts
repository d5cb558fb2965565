import type { AdvancedEventSelector, CloudTrailClient, EventSelector } from '@aws-sdk/client-cloudtrail';
import type { ObservedTrail } from '../../controlplane/stacks/trail-check.ts';

export const member = '300000000001';
export const organizationArn = 'arn:aws:cloudtrail:us-east-1:111111111111:trail/organization';
export const ownArn = `arn:aws:cloudtrail:us-east-1:${member}:trail/portcullis`;
export const arnOf = (name: string, region = 'us-east-1', account = member) =>
  `arn:aws:cloudtrail:${region}:${account}:trail/${name}`;

export const all: EventSelector = { ReadWriteType: 'All', IncludeManagementEvents: true };
export const management = { Field: 'eventCategory', Equals: ['Management'] };
export const advanced = (
  ...FieldSelectors: AdvancedEventSelector['FieldSelectors'] & object
): AdvancedEventSelector => ({ FieldSelectors });

/** An organization trail that covers everything, with changes. */
export const trail = (change: Partial<ObservedTrail> = {}): ObservedTrail => ({
  arn: organizationArn,
  homeRegion: (change.arn ?? organizationArn).split(':')[3] ?? '',
  organization: true,
  multiRegion: true,
  bucket: 'logs',
  logging: true,
  eventSelectors: [all],
  advancedEventSelectors: [],
  failing: {},
  ...change,
});

/** A trail of the member's own. */
export const ownTrail = (name: string, change: Partial<ObservedTrail> = {}, region = 'us-east-1') =>
  trail({ arn: arnOf(name, region), organization: false, ...change });

type Input = Record<string, string>;

/** CloudTrail of one account, by Region, with the answers given by command name; counts the calls made. */
export function cloudTrail(answers: Record<string, (input: Input, region: string) => unknown>) {
  const calls: string[] = [];
  const clientIn = async (region: string) =>
    ({
      send: async (command: { constructor: { name: string }; input: Input }) => {
        const { name } = command.constructor;
        calls.push(`${name.replace('Command', '')} ${region}`);
        return answers[name]?.(command.input, region);
      },
    }) as unknown as CloudTrailClient;
  return { calls, clientIn };
}

import type { EventSelector } from '@aws-sdk/client-cloudtrail';
import { describe, expect, test } from 'vitest';
import type { ObservedTrail, TrailCause } from '../../../../controlplane/stacks/trail-check.ts';
import { causeOf, evaluateTrails } from '../../../../controlplane/trails/evaluate.ts';
import { advanced, all, management, member, ownTrail, trail } from '../../../worlds/trail-sample.ts';

const region = 'eu-west-1';
const evaluate = (trails: ObservedTrail[], more: { elsewhere?: ObservedTrail[]; unread?: string[] } = {}) =>
  evaluateTrails({ accountId: member, region, trails, ...more });

const basic = (change: Partial<EventSelector>) => ({ eventSelectors: [{ ...all, ...change }] });
const field = (...fields: Parameters<typeof advanced>) => ({ advancedEventSelectors: [advanced(...fields)] });
const shapes: [string, (change: Partial<ObservedTrail>) => ObservedTrail][] = [
  ['an organization trail', (change) => trail(change)],
  ['a multi-Region trail', (change) => ownTrail('all', change)],
  ['a single-Region trail', (change) => ownTrail('one', { multiRegion: false, ...change }, region)],
];
const conditions: [string, Partial<ObservedTrail>, TrailCause | undefined][] = [
  ['that records everything', {}, undefined],
  ['that records writes alone', basic({ ReadWriteType: 'WriteOnly' }), undefined],
  [
    'that leaves out KMS and the RDS Data API',
    basic({ ExcludeManagementEventSources: ['kms.amazonaws.com', 'rdsdata.amazonaws.com'] }),
    undefined,
  ],
  [
    'with a reading selector beside a writing one',
    { eventSelectors: [{ ...all, ReadWriteType: 'ReadOnly' }, all] },
    undefined,
  ],
  ['with an advanced selector of management events', field(management), undefined],
  [
    'with an advanced selector of writes',
    field(management, { Field: 'readOnly', Equals: ['false'] }),
    undefined,
  ],
  [
    'with an advanced selector of what is no read',
    field(management, { Field: 'readOnly', NotEquals: ['true'] }),
    undefined,
  ],
  [
    'whose advanced selector leaves out KMS',
    field(management, { Field: 'eventSource', NotEquals: ['kms.amazonaws.com'] }),
    undefined,
  ],
  [
    'whose advanced selector leaves out one read',
    field(management, { Field: 'eventName', NotEquals: ['DescribeRegions'] }),
    undefined,
  ],
  [
    'whose advanced selectors of data and management stand apart',
    {
      advancedEventSelectors: [advanced({ Field: 'eventCategory', Equals: ['Data'] }), advanced(management)],
    },
    undefined,
  ],
  [
    'whose two advanced selectors have the event names between them',
    {
      advancedEventSelectors: [
        advanced(management, { Field: 'eventName', StartsWith: ['A', 'C'] }),
        advanced(management, { Field: 'eventName', NotStartsWith: ['A', 'C'] }),
      ],
    },
    undefined,
  ],
  ['whose files fail to be delivered', { failing: { log: 'AccessDenied' } }, undefined],
  ['that is stopped', { logging: false }, 'stopped'],
  [
    'that is stopped and records reads alone',
    { logging: false, ...basic({ ReadWriteType: 'ReadOnly' }) },
    'stopped',
  ],
  ['without selectors', { eventSelectors: [] }, 'no-management-events'],
  ['of data events alone', basic({ IncludeManagementEvents: false }), 'no-management-events'],
  [
    'with an advanced selector of data events',
    field({ Field: 'eventCategory', Equals: ['Data'] }),
    'no-management-events',
  ],
  [
    'with an advanced selector of network activity',
    field({ Field: 'eventCategory', Equals: ['NetworkActivity'] }),
    'no-management-events',
  ],
  [
    'whose advanced selector names no category',
    field({ Field: 'readOnly', Equals: ['false'] }),
    'no-management-events',
  ],
  ['that records reads alone', basic({ ReadWriteType: 'ReadOnly' }), 'reads-only'],
  [
    'with an advanced selector of reads',
    field(management, { Field: 'readOnly', Equals: ['true'] }),
    'reads-only',
  ],
  [
    'whose basic selector leaves out EC2',
    basic({ ExcludeManagementEventSources: ['ec2.amazonaws.com'] }),
    'excludes-ec2',
  ],
  [
    'whose advanced selector leaves out EC2',
    field(management, { Field: 'eventSource', NotEquals: ['ec2.amazonaws.com'] }),
    'excludes-ec2',
  ],
  [
    'whose advanced selector leaves out EC2 by prefix',
    field(management, { Field: 'eventSource', NotStartsWith: ['ec2.'] }),
    'excludes-ec2',
  ],
  [
    'whose advanced selector leaves out EC2 by suffix',
    field(management, { Field: 'eventSource', NotEndsWith: ['.amazonaws.com'] }),
    'excludes-ec2',
  ],
  [
    'with an advanced selector of S3 alone',
    field(management, { Field: 'eventSource', Equals: ['s3.amazonaws.com'] }),
    'excludes-ec2',
  ],
  [
    'with an advanced selector of one event name',
    field(management, { Field: 'eventName', Equals: ['RunInstances'] }),
    'partial',
  ],
  [
    'whose advanced selector leaves out one of our events',
    field(management, { Field: 'eventName', NotEquals: ['ModifySecurityGroupRules'] }),
    'partial',
  ],
  [
    'with an advanced selector of some callers',
    field(management, { Field: 'userIdentity.arn', NotStartsWith: ['arn:aws:sts'] }),
    'partial',
  ],
  [
    'with an advanced selector of console sessions',
    field(management, { Field: 'sessionCredentialFromConsole', Equals: ['true'] }),
    'partial',
  ],
  [
    'with an advanced selector of service events',
    field(management, { Field: 'eventType', Equals: ['AwsServiceEvent'] }),
    'partial',
  ],
];

describe.each(shapes)('%s', (_, make) => {
  test.each(conditions)('%s', (_title, change, cause) => {
    const observed = make(change);
    expect(causeOf(observed, region)).toBe(cause);
    const check = evaluate([observed]);
    expect(check.covered).toBe(cause === undefined);
    if (check.covered !== false) return;
    const [problem] = check.problems ?? [];
    expect(problem).toMatchObject({ cause, trailArn: observed.arn });
    expect(problem?.message).toContain(observed.arn);
    expect(problem?.mend).toContain(`account ${observed.arn.split(':')[4]}`);
    expect(check.reason).toBe(problem?.message);
  });
});

import type { EventSelector } from '@aws-sdk/client-cloudtrail';
import { describe, expect, test } from 'vitest';
import { causeOf, judgeTrails, type ObservedTrail, type TrailCause } from '../../controlplane/trails.ts';
import {
  advanced,
  all,
  arnOf,
  management,
  member,
  organizationArn,
  ownArn,
  ownTrail,
  trail,
} from './trail-sample.ts';

const region = 'eu-west-1';
const judge = (trails: ObservedTrail[], more: { elsewhere?: ObservedTrail[]; unasked?: string[] } = {}) =>
  judgeTrails({ accountId: member, region, trails, ...more });

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
    const check = judge([observed]);
    expect(check.covered).toBe(cause === undefined);
    if (check.covered !== false) return;
    const [problem] = check.problems ?? [];
    expect(problem).toMatchObject({ cause, trailArn: observed.arn });
    expect(problem?.message).toContain(observed.arn);
    expect(problem?.mend).toContain(`account ${observed.arn.split(':')[4]}`);
    expect(check.reason).toBe(problem?.message);
  });
});

describe('the trails of one account and Region', () => {
  test.each<[string, ObservedTrail, string]>([
    ['organization', trail(), organizationArn],
    ['multi-Region', ownTrail('all'), arnOf('all')],
    ['single-Region', ownTrail('one', { multiRegion: false }, region), arnOf('one', region)],
  ])('a covering %s trail is named with its kind', (kind, one, trailArn) => {
    expect(judge([one])).toEqual({ covered: true, trailArn, kind });
  });

  test('no trail covers nothing, and it says what to make', () => {
    expect(judge([])).toEqual({
      covered: false,
      reason: 'no trail covers this Region of the account',
      problems: [
        {
          cause: 'none',
          message: 'no trail covers this Region of the account',
          mend: expect.stringContaining('PORTCULLIS_TRAILS=create'),
        },
      ],
    });
  });

  test('a single-Region trail of another Region does not cover it, and says how it would', () => {
    const elsewhere = ownTrail('one', { multiRegion: false }, 'us-west-2');
    const arn = arnOf('one', 'us-west-2');
    const problem = {
      cause: 'elsewhere',
      trailArn: arn,
      message: `${arn} records its own Region alone`,
      mend: `as account ${member}: aws cloudtrail update-trail --name ${arn} --is-multi-region-trail --region us-west-2`,
    };
    expect(judge([], { elsewhere: [elsewhere] })).toMatchObject({ covered: false, problems: [problem] });
    expect(judge([elsewhere])).toMatchObject({ covered: false, problems: [problem] });
  });

  test('a stopped organization trail is started by the account that owns it, in its home Region', () => {
    expect(judge([trail({ logging: false })])).toMatchObject({
      problems: [
        {
          mend: `as account 111111111111: aws cloudtrail start-logging --name ${organizationArn} --region us-east-1`,
        },
      ],
    });
  });

  test('whatever is wrong with our own trail, a reconcile mends', () => {
    expect(judge([ownTrail('portcullis', { logging: false })])).toMatchObject({
      problems: [{ cause: 'stopped', mend: `portcullis reconcile --account ${member}` }],
    });
  });

  test('every trail that does not cover gives its reason, in the order of their ARNs', () => {
    const stopped = ownTrail('b', { logging: false });
    const reader = ownTrail('a', basic({ ReadWriteType: 'ReadOnly' }));
    const check = judge([stopped, reader]);
    expect(check).toMatchObject({
      reason: `${arnOf('a')} records read events alone, no writes; logging of ${arnOf('b')} is stopped`,
    });
    expect(judge([reader, stopped])).toEqual(check);
  });

  test('of several that cover, the widest that is not ours is named first', () => {
    const single = ownTrail('one', { multiRegion: false }, region);
    const own = ownTrail('portcullis');
    expect(judge([own, single, ownTrail('all'), trail()])).toMatchObject({
      trailArn: organizationArn,
      kind: 'organization',
      also: [arnOf('all'), arnOf('one', region), ownArn],
    });
    expect(judge([own, single])).toMatchObject({ trailArn: arnOf('one', region), also: [ownArn] });
  });

  test('our own trail beside another that covers is a warning: it is charged and not needed', () => {
    expect(judge([ownTrail('portcullis'), trail()])).toMatchObject({
      warnings: [
        { cause: 'redundant', trailArn: ownArn, mend: expect.stringContaining('PORTCULLIS_TRAILS=report') },
      ],
    });
    expect(judge([ownTrail('portcullis')])).not.toHaveProperty('warnings');
  });

  test('one covering trail is enough, whatever could not be asked of another', () => {
    expect(judge([trail()], { unasked: ['AccessDenied: no'] })).toMatchObject({ covered: true });
  });

  test('without one, what could not be asked makes the answer unknown', () => {
    expect(judge([trail({ logging: false })], { unasked: ['AccessDenied: no'] })).toEqual({
      covered: 'unknown',
      reason: 'the trail check failed: AccessDenied: no',
    });
  });
});

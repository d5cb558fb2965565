import type { AdvancedEventSelector, CloudTrailClient, EventSelector } from '@aws-sdk/client-cloudtrail';
import { describe, expect, test } from 'vitest';
import { checkTrails, judgeTrails, logsWrites, type ObservedTrail } from '../../controlplane/trails.ts';
import { trailsCondition } from '../../controlplane/trails-condition.ts';

const arn = 'arn:aws:cloudtrail:us-east-1:111111111111:trail/organization';
const all: EventSelector = { ReadWriteType: 'All', IncludeManagementEvents: true };
const trail = (change: Partial<ObservedTrail> = {}): ObservedTrail => ({
  arn,
  logging: true,
  eventSelectors: [all],
  advancedEventSelectors: [],
  ...change,
});
const management = { Field: 'eventCategory', Equals: ['Management'] };
const advanced = (
  ...FieldSelectors: AdvancedEventSelector['FieldSelectors'] & object
): AdvancedEventSelector => ({
  FieldSelectors,
});

describe('basic event selectors', () => {
  test.each<[string, EventSelector[], boolean]>([
    ['all events', [all], true],
    ['writes only', [{ ...all, ReadWriteType: 'WriteOnly' }], true],
    ['reads only', [{ ...all, ReadWriteType: 'ReadOnly' }], false],
    ['data events only', [{ ...all, IncludeManagementEvents: false }], false],
    ['KMS left out', [{ ...all, ExcludeManagementEventSources: ['kms.amazonaws.com'] }], true],
    ['EC2 left out', [{ ...all, ExcludeManagementEventSources: ['ec2.amazonaws.com'] }], false],
    ['one of two that logs writes', [{ ...all, ReadWriteType: 'ReadOnly' }, all], true],
    ['none', [], false],
  ])('%s', (_, eventSelectors, covered) => {
    expect(logsWrites({ eventSelectors, advancedEventSelectors: [] })).toBe(covered);
  });
});

describe('advanced event selectors', () => {
  test.each<[string, AdvancedEventSelector[], boolean]>([
    ['management events', [advanced(management)], true],
    ['data events', [advanced({ Field: 'eventCategory', Equals: ['Data'] })], false],
    ['writes', [advanced(management, { Field: 'readOnly', Equals: ['false'] })], true],
    ['reads', [advanced(management, { Field: 'readOnly', Equals: ['true'] })], false],
    ['not reads', [advanced(management, { Field: 'readOnly', NotEquals: ['true'] })], true],
    [
      'KMS left out',
      [
        advanced(management, {
          Field: 'eventSource',
          NotEquals: ['kms.amazonaws.com', 'rdsdata.amazonaws.com'],
        }),
      ],
      true,
    ],
    [
      'EC2 left out',
      [advanced(management, { Field: 'eventSource', NotEquals: ['ec2.amazonaws.com'] })],
      false,
    ],
    [
      'EC2 left out by prefix',
      [advanced(management, { Field: 'eventSource', NotStartsWith: ['ec2.'] })],
      false,
    ],
    ['only S3', [advanced(management, { Field: 'eventSource', Equals: ['s3.amazonaws.com'] })], false],
    ['only e…', [advanced(management, { Field: 'eventSource', StartsWith: ['e'] })], true],
    [
      'data events and, apart, management events',
      [advanced({ Field: 'eventCategory', Equals: ['Data'] }), advanced(management)],
      true,
    ],
  ])('%s', (_, advancedEventSelectors, covered) => {
    expect(logsWrites({ eventSelectors: [], advancedEventSelectors })).toBe(covered);
  });

  test('take the place of basic ones', () => {
    const reads = [advanced(management, { Field: 'readOnly', Equals: ['true'] })];
    expect(logsWrites({ eventSelectors: [all], advancedEventSelectors: reads })).toBe(false);
  });
});

describe('the trails of one account and Region', () => {
  test('a trail that logs writes covers it', () => {
    expect(judgeTrails([trail()])).toEqual({ covered: true, trailArn: arn });
  });

  test('no trail covers nothing, and it says so', () => {
    expect(judgeTrails([])).toEqual({ covered: false, reason: 'no trail covers this Region of the account' });
  });

  test('a stopped trail covers nothing, whatever its selectors', () => {
    expect(judgeTrails([trail({ logging: false })])).toEqual({
      covered: false,
      reason: `logging of ${arn} is stopped`,
    });
  });

  test('every trail that does not cover gives its reason', () => {
    const reader = trail({ arn: 'reader', eventSelectors: [{ ...all, ReadWriteType: 'ReadOnly' }] });
    expect(judgeTrails([trail({ arn: 'stopped', logging: false }), reader])).toEqual({
      covered: false,
      reason: 'logging of stopped is stopped; reader does not log management write events of EC2',
    });
  });

  test('one of several that covers is enough', () => {
    expect(judgeTrails([trail({ logging: false, arn: 'stopped' }), trail()])).toMatchObject({
      covered: true,
    });
  });
});

/** CloudTrail with the answers given by command name. */
const cloudTrail = (answers: Record<string, (input: Record<string, string>) => unknown>) =>
  ({
    send: async (command: { constructor: { name: string }; input: Record<string, string> }) =>
      answers[command.constructor.name]?.(command.input),
  }) as unknown as CloudTrailClient;

describe('the trail check', () => {
  const answers = {
    DescribeTrailsCommand: () => ({ trailList: [{ TrailARN: arn, IsOrganizationTrail: true }] }),
    GetTrailStatusCommand: () => ({ IsLogging: true }),
    GetEventSelectorsCommand: () => ({ EventSelectors: [all] }),
  };

  test('an organization trail covers a member', async () => {
    expect(await checkTrails(cloudTrail(answers))).toEqual({ covered: true, trailArn: arn });
  });

  test('a call refused is unknown, not uncovered', async () => {
    const refuse = () => {
      throw new Error('AccessDenied: no');
    };
    const client = cloudTrail({ ...answers, GetTrailStatusCommand: refuse });
    expect(await checkTrails(client)).toEqual({
      covered: 'unknown',
      reason: 'the trail check failed: AccessDenied: no',
    });
  });

  test('one covering trail is enough, whatever could not be asked of another', () => {
    const covering = { arn: 'arn:a', logging: true, eventSelectors: [{}], advancedEventSelectors: [] };
    expect(judgeTrails([covering], ['AccessDenied: no'])).toEqual({ covered: true, trailArn: 'arn:a' });
  });
});

describe("an account's coverage", () => {
  const yes = { covered: true, trailArn: arn } as const;
  const no = { covered: false, reason: 'none' } as const;
  const unknown = { covered: 'unknown', reason: 'denied' } as const;

  test.each([
    [[yes, yes], { status: 'True', reason: 'Covered', message: '2 Regions' }],
    [[yes, no], { status: 'False', reason: 'PartlyCovered', message: '1 of 2 Regions get no events: none' }],
    [[no, no], { status: 'False', reason: 'NotCovered', message: '2 of 2 Regions get no events: none' }],
    [[yes, unknown], { status: 'Unknown', reason: 'CheckFailed', message: 'denied' }],
    [[], { status: 'Unknown', reason: 'CheckFailed', message: 'no Region was checked' }],
  ])('%j', (checks, condition) => {
    expect(trailsCondition(checks)).toEqual(condition);
  });
});

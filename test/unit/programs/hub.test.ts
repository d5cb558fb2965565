import { beforeAll, describe, expect, test } from 'vitest';
import { tableExpiry, tableKey } from '../../../lambda/ledger/table.ts';
import { type Declared, declare, hubArgs, inputsOf, titles } from './declared.ts';

const here = ':eu-west-1:222222222222:';
const bus = 'arn-of:EventBus:portcullis';
let declared: Declared[];

beforeAll(async () => {
  declared = await declare(hubArgs());
});

describe('the hub stack', () => {
  test('declares exactly these resources', () => {
    expect(titles(declared).sort()).toEqual([
      'EventBus portcullis',
      'EventBusPolicy portcullis',
      'EventRule portcullis-canary',
      'EventRule portcullis-ingress',
      'EventRule portcullis-lifecycle',
      'EventRule portcullis-results',
      'EventRule portcullis-schedule',
      'EventSourceMapping portcullis-canary',
      'EventTarget portcullis-canary',
      'EventTarget portcullis-ingress',
      'EventTarget portcullis-lifecycle',
      'EventTarget portcullis-results',
      'EventTarget portcullis-schedule',
      'Function portcullis-remediation',
      'FunctionEventInvokeConfig portcullis-remediation',
      'LogGroup /aws/lambda/portcullis-remediation',
      'MetricAlarm portcullis-dead-letter',
      'MetricAlarm portcullis-errors',
      'MetricAlarm portcullis-event-age',
      'MetricAlarm portcullis-throttles',
      'Permission portcullis-remediation',
      'Permission portcullis-schedule',
      'Queue portcullis-canary',
      'Queue portcullis-dead-letter',
      'Queue portcullis-lifecycle',
      'Queue portcullis-results',
      'Role portcullis-lambda',
      'RolePolicy portcullis-lambda',
      'Table portcullis',
    ]);
  });

  test('tags what can be tagged', () => {
    const taggable = /:(EventBus|EventRule|Function|LogGroup|MetricAlarm|Queue|Role|Table)$/;
    for (const { type, inputs } of declared.filter((each) => taggable.test(each.type))) {
      expect(inputs.tags, type).toEqual({ 'portcullis:managed': 'true', 'portcullis:stack': 'hub' });
    }
  });

  test('is the same when declared twice', async () => {
    expect(JSON.stringify(await declare(hubArgs()))).toBe(JSON.stringify(declared));
  });

  test('admits PutEvents on the org bus from the organization alone', () => {
    expect(JSON.parse(inputsOf(declared, 'EventBusPolicy', 'portcullis').policy).Statement).toEqual([
      {
        Sid: 'AdmitTheOrganization',
        Effect: 'Allow',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: bus,
        Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-portcullis' } },
      },
    ]);
  });
});

test("the Lambda's table has its keys, ends entries, can be restored and is encrypted", () => {
  expect(inputsOf(declared, 'Table', 'portcullis')).toMatchObject({
    name: 'portcullis',
    billingMode: 'PAY_PER_REQUEST',
    hashKey: tableKey,
    attributes: [{ name: tableKey, type: 'S' }],
    ttl: { attributeName: tableExpiry, enabled: true },
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true },
  });
});

describe("the hub's rules", () => {
  test('take ingress, canaries, lifecycle events and the results of the hub account', () => {
    const pattern = (name: string) => JSON.parse(inputsOf(declared, 'EventRule', name).eventPattern);
    expect(pattern('portcullis-ingress')).toEqual({
      source: ['aws.ec2'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: {
        eventSource: ['ec2.amazonaws.com'],
        $or: [
          {
            eventName: [
              'AuthorizeSecurityGroupIngress',
              'ModifySecurityGroupRules',
              'ModifyManagedPrefixList',
              'RestoreManagedPrefixListVersion',
              'CreateIpamPrefixListResolverTarget',
              'ModifyIpamPrefixListResolverTarget',
              'ModifyIpamPrefixListResolver',
              'CreateSecurityGroup',
            ],
          },
          {
            eventName: ['CreateTags', 'DeleteTags'],
            requestParameters: { resourcesSet: { items: { resourceId: [{ prefix: 'sg-' }] } } },
          },
        ],
      },
    });
    expect(pattern('portcullis-canary')).toEqual({
      ...pattern('portcullis-ingress'),
      source: ['portcullis.canary'],
    });
    expect(pattern('portcullis-lifecycle')).toEqual({
      source: ['aws.organizations', 'aws.controltower', 'aws.account'],
    });
    expect(pattern('portcullis-results')).toEqual({
      source: ['portcullis'],
      'detail-type': ['Portcullis Remediation', 'Portcullis Exception'],
      account: ['222222222222'],
    });
  });

  test.each([
    ['portcullis-ingress', 'arn-of:Function:portcullis-remediation'],
    ['portcullis-canary', 'arn-of:Queue:portcullis-canary'],
    ['portcullis-lifecycle', 'arn-of:Queue:portcullis-lifecycle'],
    ['portcullis-results', 'arn-of:Queue:portcullis-results'],
  ])('%s delivers to %s, retries for a day, and keeps what fails', (rule, target) => {
    expect(inputsOf(declared, 'EventRule', rule).eventBusName).toBe('portcullis');
    expect(inputsOf(declared, 'EventTarget', rule)).toMatchObject({
      rule,
      eventBusName: 'portcullis',
      arn: target,
      deadLetterConfig: { arn: 'arn-of:Queue:portcullis-dead-letter' },
      retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
    });
  });

  test('the schedule calls the Lambda every minute, from the default bus, and keeps what fails', () => {
    const rule = inputsOf(declared, 'EventRule', 'portcullis-schedule');
    expect(rule).toMatchObject({ name: 'portcullis-schedule', scheduleExpression: 'rate(1 minute)' });
    const target = inputsOf(declared, 'EventTarget', 'portcullis-schedule');
    expect(target).toMatchObject({
      rule: 'portcullis-schedule',
      arn: 'arn-of:Function:portcullis-remediation',
      deadLetterConfig: { arn: 'arn-of:Queue:portcullis-dead-letter' },
    });
    for (const each of [rule, target]) expect(each.eventBusName).toBeUndefined();
    expect(rule.eventPattern).toBeUndefined();
  });

  test.each([
    ['portcullis-lifecycle', ['portcullis/portcullis-lifecycle']],
    ['portcullis-results', ['portcullis/portcullis-results']],
    [
      'portcullis-dead-letter',
      [
        'portcullis/portcullis-ingress',
        'portcullis/portcullis-canary',
        'portcullis/portcullis-lifecycle',
        'portcullis/portcullis-results',
        'portcullis-schedule',
      ],
    ],
  ])('queue %s takes messages of %j alone', (queue, rules) => {
    const { policy } = inputsOf(declared, 'Queue', queue);
    expect(JSON.parse(policy).Statement).toEqual([
      {
        Sid: 'FromOurRules',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:aws:sqs${here}${queue}`,
        Condition: {
          ArnEquals: {
            'aws:SourceArn': rules.map((rule) => `arn:aws:events${here}rule/${rule}`),
          },
        },
      },
    ]);
  });

  test.each(['portcullis-canary', 'portcullis-lifecycle', 'portcullis-results'])(
    'a message of queue %s that cannot be handled becomes a dead letter',
    (queue) => {
      expect(JSON.parse(inputsOf(declared, 'Queue', queue).redrivePolicy)).toMatchObject({
        deadLetterTargetArn: 'arn-of:Queue:portcullis-dead-letter',
      });
    },
  );

  test('canaries wait in a queue of their own, of which the Lambda takes few at once', () => {
    const { policy, visibilityTimeoutSeconds } = inputsOf(declared, 'Queue', 'portcullis-canary');
    expect(JSON.parse(policy).Statement).toMatchObject([
      {
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Condition: {
          ArnEquals: { 'aws:SourceArn': [`arn:aws:events${here}rule/portcullis/portcullis-canary`] },
        },
      },
    ]);
    const { timeout } = inputsOf(declared, 'Function', 'portcullis-remediation');
    expect(visibilityTimeoutSeconds).toBe(6 * timeout);
    expect(inputsOf(declared, 'EventSourceMapping', 'portcullis-canary')).toEqual({
      region: 'eu-west-1',
      eventSourceArn: 'arn-of:Queue:portcullis-canary',
      functionName: 'arn-of:Function:portcullis-remediation',
      batchSize: 10,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: 2 },
      tags: { 'portcullis:managed': 'true', 'portcullis:stack': 'hub' },
    });
  });

  test.each([
    ['portcullis-errors', 'Errors', 'Sum', 0],
    ['portcullis-throttles', 'Throttles', 'Sum', 0],
    ['portcullis-event-age', 'AsyncEventAge', 'Maximum', 60_000],
  ])('alarm %s watches %s of the function', (name, metricName, statistic, threshold) => {
    expect(inputsOf(declared, 'MetricAlarm', name)).toMatchObject({
      namespace: 'AWS/Lambda',
      dimensions: { FunctionName: 'portcullis-remediation' },
      ...{ metricName, statistic, threshold, comparisonOperator: 'GreaterThanThreshold' },
    });
  });
});

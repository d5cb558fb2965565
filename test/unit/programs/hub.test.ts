import { beforeAll, describe, expect, test } from 'vitest';
import { tableExpiry, tableKey } from '../../../lambda/ledger/table.ts';
import { callPattern, canaryPattern, lifecyclePattern, resultsPattern } from '../../../programs/pattern.ts';
import { type Declared, declare, hubArgs, inputsOf } from './declared.ts';

const here = ':eu-west-1:222222222222:';
const bus = 'arn-of:EventBus:portcullis';
let declared: Declared[];

beforeAll(async () => {
  declared = await declare(hubArgs());
});

describe('the hub stack', () => {
  test('tags what can be tagged', () => {
    const taggable = /:(EventBus|EventRule|Function|LogGroup|MetricAlarm|Queue|Role|Table)$/;
    for (const { type, inputs } of declared.filter((each) => taggable.test(each.type))) {
      expect(inputs.tags, type).toEqual({ 'portcullis:managed': 'true', 'portcullis:stack': 'hub' });
    }
  });

  test('admits PutEvents on the org bus from the organization only', () => {
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
    expect(pattern('portcullis-ingress')).toEqual(callPattern);
    expect(pattern('portcullis-canary')).toEqual(canaryPattern);
    expect(pattern('portcullis-lifecycle')).toEqual(lifecyclePattern);
    expect(pattern('portcullis-results')).toEqual(resultsPattern('222222222222'));
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
    ['portcullis-canary', ['portcullis/portcullis-canary']],
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
  ])('queue %s accepts messages of %j only', (queue, rules) => {
    const { policy } = inputsOf(declared, 'Queue', queue);
    expect(JSON.parse(policy).Statement).toEqual([
      {
        Sid: 'FromOurRules',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:aws:sqs${here}${queue}`,
        Condition: {
          ArnEquals: { 'aws:SourceArn': rules.map((rule) => `arn:aws:events${here}rule/${rule}`) },
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

  test('canaries wait in a queue of their own, from which the Lambda receives few at once', () => {
    const { visibilityTimeoutSeconds } = inputsOf(declared, 'Queue', 'portcullis-canary');
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

test('the dead-letter alarm starts at the first dead letter', () => {
  expect(inputsOf(declared, 'MetricAlarm', 'portcullis-dead-letter')).toMatchObject({
    dimensions: { QueueName: 'portcullis-dead-letter' },
    metricName: 'ApproximateNumberOfMessagesVisible',
    comparisonOperator: 'GreaterThanThreshold',
    threshold: 0,
    evaluationPeriods: 1,
    alarmActions: [],
  });
});

test('the alarms notify the topic that the operator named', async () => {
  const alarmTopicArn = 'arn:aws:sns:eu-west-1:222222222222:pager';
  const hub = await declare({ ...hubArgs(), alarmTopicArn });
  const topics = hub
    .filter(({ type }) => type.endsWith(':MetricAlarm'))
    .map(({ inputs }) => inputs.alarmActions);
  expect(topics).toEqual([1, 2, 3, 4].map(() => [alarmTopicArn]));
});

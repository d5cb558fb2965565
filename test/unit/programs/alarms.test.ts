import { expect, test } from 'vitest';
import { declare, hubArgs, inputsOf } from './declared.ts';

test('the alarm rings at the first dead letter', async () => {
  expect(inputsOf(await declare(hubArgs()), 'MetricAlarm', 'portcullis-dead-letter')).toMatchObject({
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

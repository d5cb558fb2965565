import { MetricAlarm } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import { names } from './names.ts';
import { type At, tags } from './provider.ts';

const ofFunction = {
  namespace: 'AWS/Lambda',
  dimensions: { FunctionName: names.remediationFunction },
};

/** Remediation takes seconds, so an event that waits longer than this in Lambda's queue is late. Milliseconds. */
const late = 60_000;

/**
 * One dead letter is one event that nothing acted on, so that alarm starts at the first. A failed invocation is
 * retried, so errors alarm after three minutes; throttles and waiting events too. Source of the metrics: "Types of
 * metrics for Lambda functions", AWS Lambda developer guide.
 */
const alarms = [
  {
    name: names.deadLetterAlarm,
    alarmDescription: 'Portcullis: an event was not handled. Read its reason in the dead-letter queue.',
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensions: { QueueName: names.deadLetterQueue },
    statistic: 'Maximum',
    threshold: 0,
    evaluationPeriods: 1,
  },
  {
    name: names.errorsAlarm,
    alarmDescription: `Portcullis: the remediation Lambda keeps failing. Read its log group ${names.logGroup}.`,
    ...ofFunction,
    metricName: 'Errors',
    statistic: 'Sum',
    threshold: 0,
    evaluationPeriods: 3,
  },
  {
    name: names.throttlesAlarm,
    alarmDescription:
      "Portcullis: the remediation Lambda is throttled. Raise the account's concurrency limit (portcullis doctor).",
    ...ofFunction,
    metricName: 'Throttles',
    statistic: 'Sum',
    threshold: 0,
    evaluationPeriods: 3,
  },
  {
    name: names.eventAgeAlarm,
    alarmDescription:
      'Portcullis: events wait for more than a minute before the remediation Lambda takes them.',
    ...ofFunction,
    metricName: 'AsyncEventAge',
    statistic: 'Maximum',
    threshold: late,
    evaluationPeriods: 3,
  },
];

/** Declares the hub's alarms, which notify the topic when the operator named one. */
export function hubAlarms({ provider, placed }: At, topicArn: string | undefined): void {
  for (const alarm of alarms) {
    new MetricAlarm(
      alarm.name,
      {
        ...placed,
        ...alarm,
        comparisonOperator: 'GreaterThanThreshold',
        period: 60,
        treatMissingData: 'notBreaching',
        alarmActions: topicArn ? [topicArn] : [],
        tags: tags('hub'),
      },
      { provider },
    );
  }
}

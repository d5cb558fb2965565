import { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { EventBusPolicy } from '@pulumi/aws/cloudwatch/eventBusPolicy.js';
import { EventRule } from '@pulumi/aws/cloudwatch/eventRule.js';
import { EventTarget } from '@pulumi/aws/cloudwatch/eventTarget.js';
import { MetricAlarm } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { Queue } from '@pulumi/aws/sqs/queue.js';
import { QueuePolicy } from '@pulumi/aws/sqs/queuePolicy.js';
import type { Input, Resource } from '@pulumi/pulumi';
import type { HubArguments, Place } from './arguments.ts';
import { names } from './names.ts';
import { ingressPattern, lifecyclePattern, resultsPattern } from './pattern.ts';
import { orgBusPolicy, queuePolicy } from './policies.ts';
import { providerFor, tags } from './provider.ts';
import { remediationFunction } from './remediation-function.ts';

const fourteenDays = 14 * 24 * 3600;

/** After so many receives a message that nobody could handle is a dead letter. */
const receives = 20;

function queue(
  provider: Provider,
  place: Place,
  name: string,
  rules: string[],
  deadLetters?: Queue,
): { queue: Queue; policy: QueuePolicy } {
  const made = new Queue(
    name,
    {
      name,
      messageRetentionSeconds: fourteenDays,
      visibilityTimeoutSeconds: 60,
      sqsManagedSseEnabled: true,
      ...(deadLetters && {
        redrivePolicy: deadLetters.arn.apply((arn) =>
          JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: receives }),
        ),
      }),
      tags: tags('hub'),
    },
    { provider },
  );
  const policy = new QueuePolicy(
    name,
    {
      queueUrl: made.url,
      policy: queuePolicy(
        place,
        name,
        rules.map((rule) => ({ rule, bus: names.bus })),
      ),
    },
    { provider },
  );
  return { queue: made, policy };
}

interface OrgBusRule {
  readonly name: string;
  readonly description: string;
  readonly pattern: object;
  readonly target: Input<string>;
  readonly deadLetters: Input<string>;
  readonly after: Resource[];
}

function orgBusRule(provider: Provider, bus: EventBus, rule: OrgBusRule): void {
  const made = new EventRule(
    rule.name,
    {
      name: rule.name,
      eventBusName: bus.name,
      description: rule.description,
      eventPattern: JSON.stringify(rule.pattern),
      tags: tags('hub'),
    },
    { provider },
  );
  new EventTarget(
    rule.name,
    {
      rule: made.name,
      eventBusName: bus.name,
      targetId: 'hub',
      arn: rule.target,
      deadLetterConfig: { arn: rule.deadLetters },
      retryPolicy: { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 },
    },
    { provider, dependsOn: rule.after },
  );
}

/** One letter in the dead-letter queue is one event nobody acted on: the alarm rings at the first. */
function deadLetterAlarm(provider: Provider, topicArn: string | undefined): void {
  new MetricAlarm(
    names.deadLetterAlarm,
    {
      name: names.deadLetterAlarm,
      alarmDescription: 'Portcullis: an event was not handled. Read its reason in the dead-letter queue.',
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: names.deadLetterQueue },
      statistic: 'Maximum',
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      evaluationPeriods: 1,
      period: 60,
      treatMissingData: 'notBreaching',
      alarmActions: topicArn ? [topicArn] : [],
      tags: tags('hub'),
    },
    { provider },
  );
}

/**
 * Declares the hub: the org bus that the whole organization may send to, the remediation Lambda behind it, and the
 * queues through which the control plane hears of lifecycle events and results.
 */
export function hub(args: HubArguments): Record<string, unknown> {
  const { place } = args;
  const provider = providerFor(place, place.region);
  const bus = new EventBus(names.bus, { name: names.bus, tags: tags('hub') }, { provider });
  new EventBusPolicy(
    names.bus,
    { eventBusName: bus.name, policy: bus.arn.apply((arn) => orgBusPolicy(arn, args.organizationId)) },
    { provider },
  );
  const { ingressRule, lifecycleRule, resultsRule } = names;
  const deadLetters = queue(provider, place, names.deadLetterQueue, [
    ingressRule,
    lifecycleRule,
    resultsRule,
  ]);
  const lifecycle = queue(provider, place, names.lifecycleQueue, [lifecycleRule], deadLetters.queue);
  const results = queue(provider, place, names.resultsQueue, [resultsRule], deadLetters.queue);
  const lambda = remediationFunction(args, provider, bus, deadLetters.queue);
  const rules = [
    {
      name: ingressRule,
      description: 'Portcullis: ingress that may have been opened, to the remediation Lambda',
      pattern: ingressPattern,
      target: lambda.function.arn,
      after: lambda.permission,
    },
    {
      name: lifecycleRule,
      description: 'Portcullis: changes of the organization, to the control plane',
      pattern: lifecyclePattern,
      target: lifecycle.queue.arn,
      after: lifecycle.policy,
    },
    {
      name: resultsRule,
      description: 'Portcullis: what the remediation Lambda did, to the control plane',
      pattern: resultsPattern(place.accountId),
      target: results.queue.arn,
      after: results.policy,
    },
  ];
  for (const { after, ...rule } of rules) {
    orgBusRule(provider, bus, {
      ...rule,
      deadLetters: deadLetters.queue.arn,
      after: [after, deadLetters.policy],
    });
  }
  deadLetterAlarm(provider, args.alarmTopicArn);
  return { busArn: bus.arn, bundle: args.bundle.sha256 };
}

import { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { EventBusPolicy } from '@pulumi/aws/cloudwatch/eventBusPolicy.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { Queue } from '@pulumi/aws/sqs/queue.js';
import { QueuePolicy } from '@pulumi/aws/sqs/queuePolicy.js';
import { hubAlarms } from './alarms.ts';
import type { HubArguments, Place } from './arguments.ts';
import { canaries } from './canaries.ts';
import { hubRule } from './hub-rule.ts';
import { ledgerTable } from './ledger-table.ts';
import { installationTag, names } from './names.ts';
import { callPattern, lifecyclePattern, resultsPattern } from './pattern.ts';
import { orgBusPolicy, queuePolicy } from './policies.ts';
import { providerFor, tags } from './provider.ts';
import { remediationFunction } from './remediation-function.ts';

const fourteenDays = 14 * 24 * 3600;

/** A message that was received this often without success goes to the dead-letter queue. */
const receives = 20;

function queue(
  provider: Provider,
  place: Place,
  name: string,
  rules: { rule: string; bus?: string }[],
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
    { queueUrl: made.url, policy: queuePolicy(place, name, rules) },
    { provider },
  );
  return { queue: made, policy };
}

const onTheOrgBus = (rule: string) => ({ rule, bus: names.bus });

/** The queues that the control plane reads, and their dead-letter queue. */
function queues(provider: Provider, place: Place) {
  const { ingressRule, canaryRule, lifecycleRule, resultsRule, scheduleRule } = names;
  const deadLetters = queue(provider, place, names.deadLetterQueue, [
    ...[ingressRule, canaryRule, lifecycleRule, resultsRule].map(onTheOrgBus),
    { rule: scheduleRule },
  ]);
  const behind = (name: string, rule: string) =>
    queue(provider, place, name, [onTheOrgBus(rule)], deadLetters.queue);
  return {
    deadLetters,
    lifecycle: behind(names.lifecycleQueue, lifecycleRule),
    results: behind(names.resultsQueue, resultsRule),
  };
}

/**
 * Declares the hub: the org bus that accepts events of the whole organization, the remediation Lambda with its ledger,
 * and the queues with lifecycle events and results for the control plane.
 */
export function hub(args: HubArguments): Record<string, unknown> {
  const { place } = args;
  const provider = providerFor(place, place.region);
  const owner = args.installationId && { [installationTag]: args.installationId };
  const bus = new EventBus(names.bus, { name: names.bus, tags: { ...tags('hub'), ...owner } }, { provider });
  new EventBusPolicy(
    names.bus,
    { eventBusName: bus.name, policy: bus.arn.apply((arn) => orgBusPolicy(arn, args.organizationId)) },
    { provider },
  );
  const { deadLetters, lifecycle, results } = queues(provider, place);
  const table = ledgerTable(provider);
  const lambda = remediationFunction(args, provider, { bus, table, deadLetters: deadLetters.queue });
  const ruleAfter = canaries(provider, place, { bus, lambda, deadLetters });
  const rules = [
    {
      name: names.ingressRule,
      description: 'Portcullis: ingress that may have been opened, to the remediation Lambda',
      takes: { bus: bus.name, pattern: callPattern },
      target: lambda.function.arn,
      after: lambda.permissions,
      ruleAfter,
    },
    {
      name: names.scheduleRule,
      description: 'Portcullis: every minute, for what the remediation Lambda does by the clock',
      takes: { schedule: 'rate(1 minute)' },
      target: lambda.function.arn,
      after: lambda.permissions,
    },
    {
      name: names.lifecycleRule,
      description: 'Portcullis: changes of the organization, to the control plane',
      takes: { bus: bus.name, pattern: lifecyclePattern },
      target: lifecycle.queue.arn,
      after: [lifecycle.policy],
    },
    {
      name: names.resultsRule,
      description: 'Portcullis: what the remediation Lambda did, to the control plane',
      takes: { bus: bus.name, pattern: resultsPattern(place.accountId) },
      target: results.queue.arn,
      after: [results.policy],
    },
  ];
  for (const { after, ...rule } of rules) {
    hubRule(provider, {
      ...rule,
      deadLetters: deadLetters.queue.arn,
      after: [...after, deadLetters.policy],
    });
  }
  hubAlarms(provider, args.alarmTopicArn);
  return { busArn: bus.arn, bundle: args.bundle.sha256 };
}

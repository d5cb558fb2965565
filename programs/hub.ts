import { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { EventBusPolicy } from '@pulumi/aws/cloudwatch/eventBusPolicy.js';
import { hubAlarms } from './alarms.ts';
import type { HubArguments, Place } from './arguments.ts';
import { canaries } from './canaries.ts';
import { hubQueue } from './hub-queue.ts';
import { hubRule } from './hub-rule.ts';
import { ledgerTable } from './ledger-table.ts';
import { installationTag, names } from './names.ts';
import { callPattern, lifecyclePattern, resultsPattern } from './pattern.ts';
import { orgBusPolicy } from './policies.ts';
import { type At, inRegion, providerFor, tags } from './provider.ts';
import { remediationFunction } from './remediation-function.ts';

const fourteenDays = 14 * 24 * 3600;

/** A message that was received this often without success goes to the dead-letter queue. */
const receives = 20;

const onTheOrgBus = (rule: string) => ({ rule, bus: names.bus });

/** The queues that the control plane reads, and their dead-letter queue. */
function queues(at: At, place: Place) {
  const { ingressRule, canaryRule, lifecycleRule, resultsRule, scheduleRule } = names;
  const limits = { retentionSeconds: fourteenDays, visibilitySeconds: 60 };
  const fromTheOrgBus = [ingressRule, canaryRule, lifecycleRule, resultsRule].map(onTheOrgBus);
  const deadLetters = hubQueue(at, place, {
    ...limits,
    name: names.deadLetterQueue,
    rules: [...fromTheOrgBus, { rule: scheduleRule }],
  });
  const redrive = { to: deadLetters, receives };
  const behind = (name: string, rule: string) =>
    hubQueue(at, place, { ...limits, name, rules: [onTheOrgBus(rule)], redrive });
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
  const at = inRegion(providerFor(place, place.region), place.region);
  const { provider, placed } = at;
  const owner = args.installationId && { [installationTag]: args.installationId };
  const bus = new EventBus(
    names.bus,
    { ...placed, name: names.bus, tags: { ...tags('hub'), ...owner } },
    { provider },
  );
  new EventBusPolicy(
    names.bus,
    {
      ...placed,
      eventBusName: bus.name,
      policy: bus.arn.apply((arn) => orgBusPolicy(arn, args.organizationId)),
    },
    { provider },
  );
  const { deadLetters, lifecycle, results } = queues(at, place);
  const table = ledgerTable(at);
  const lambda = remediationFunction(args, at, { bus, table, deadLetters });
  const ruleAfter = canaries(at, place, { bus, lambda, deadLetters });
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
      target: lifecycle.arn,
      after: [],
    },
    {
      name: names.resultsRule,
      description: 'Portcullis: what the remediation Lambda did, to the control plane',
      takes: { bus: bus.name, pattern: resultsPattern(place.accountId) },
      target: results.arn,
      after: [],
    },
  ];
  for (const rule of rules) hubRule(at, { ...rule, deadLetters: deadLetters.arn });
  hubAlarms(at, args.alarmTopicArn);
  return { busArn: bus.arn, bundle: args.bundle.sha256 };
}

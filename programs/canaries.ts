import type { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { EventSourceMapping } from '@pulumi/aws/lambda/eventSourceMapping.js';
import type { Function as LambdaFunction } from '@pulumi/aws/lambda/function.js';
import type { Queue } from '@pulumi/aws/sqs/queue.js';
import type { Resource } from '@pulumi/pulumi';
import type { Place } from './arguments.ts';
import { hubQueue } from './hub-queue.ts';
import { hubRule } from './hub-rule.ts';
import { names } from './names.ts';
import { canaryPattern } from './pattern.ts';
import { type At, tags } from './provider.ts';
import { functionTimeout } from './remediation-function.ts';

interface CanaryPath {
  readonly bus: EventBus;
  readonly lambda: { readonly function: LambdaFunction; readonly rights: Resource };
  readonly deadLetters: Queue;
}

/** After six hours the verification of a canary has ended, so the canary proves nothing. */
const retentionSeconds = 6 * 3600;

/** A canary that the function failed on this often goes to the dead-letter queue. */
const receives = 5;

/**
 * AWS recommends at least six times the function's timeout. Source: "Creating and configuring an Amazon SQS event
 * source mapping", AWS Lambda developer guide.
 */
const visibilitySeconds = 6 * functionTimeout;

/** How many invocations receive canaries at the same time, the minimum of AWS. Each receives up to `batch`. */
const concurrency = 2;
const batch = 10;

/**
 * Declares the path of synthetic canaries from the org bus to the remediation Lambda: a rule, a queue and an event
 * source mapping. Every member account can send such events, so they wait in a queue of their own and delay no event
 * about a group. Returns the resources that must exist before the ingress rule stops accepting canaries.
 */
export function canaries(at: At, place: Place, { bus, lambda, deadLetters }: CanaryPath): Resource[] {
  const { provider, placed } = at;
  const name = names.canaryQueue;
  const queue = hubQueue(at, place, {
    ...{ name, retentionSeconds, visibilitySeconds },
    rules: [{ rule: names.canaryRule, bus: names.bus }],
    redrive: { to: deadLetters, receives },
  });
  const mapping = new EventSourceMapping(
    name,
    {
      ...placed,
      eventSourceArn: queue.arn,
      functionName: lambda.function.arn,
      batchSize: batch,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: concurrency },
      tags: tags('hub'),
    },
    { provider, dependsOn: [lambda.rights] },
  );
  const rule = hubRule(at, {
    name: names.canaryRule,
    description: 'Portcullis: synthetic canaries, to the queue that the remediation Lambda takes them from',
    takes: { bus: bus.name, pattern: canaryPattern },
    target: queue.arn,
    deadLetters: deadLetters.arn,
    after: [],
  });
  return [mapping, ...rule];
}

import type { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { EventSourceMapping } from '@pulumi/aws/lambda/eventSourceMapping.js';
import type { Function as LambdaFunction } from '@pulumi/aws/lambda/function.js';
import { Queue } from '@pulumi/aws/sqs/queue.js';
import type { Resource } from '@pulumi/pulumi';
import type { Place } from './arguments.ts';
import { hubRule } from './hub-rule.ts';
import { names } from './names.ts';
import { canaryPattern } from './pattern.ts';
import { queuePolicy } from './policies.ts';
import { type At, tags } from './provider.ts';
import { functionTimeout } from './remediation-function.ts';

interface Ends {
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

/** The number of invocations that take canaries at once, the minimum of AWS. Each takes up to `batch` canaries. */
const concurrency = 2;
const batch = 10;

/**
 * Declares the path of synthetic canaries from the org bus to the remediation Lambda: a rule, a queue and an event
 * source mapping. Every member account can send such events, so they wait in a queue of their own and delay no event
 * about a group. Returns the resources that must exist before the ingress rule stops accepting canaries.
 */
export function canaries(at: At, place: Place, { bus, lambda, deadLetters }: Ends): Resource[] {
  const { provider, placed } = at;
  const name = names.canaryQueue;
  const queue = new Queue(
    name,
    {
      ...placed,
      name,
      messageRetentionSeconds: retentionSeconds,
      visibilityTimeoutSeconds: visibilitySeconds,
      sqsManagedSseEnabled: true,
      policy: queuePolicy(place, name, [{ rule: names.canaryRule, bus: names.bus }]),
      redrivePolicy: deadLetters.arn.apply((arn) =>
        JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: receives }),
      ),
      tags: tags('hub'),
    },
    { provider },
  );
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

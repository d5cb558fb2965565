import { EventRule } from '@pulumi/aws/cloudwatch/eventRule.js';
import { EventTarget } from '@pulumi/aws/cloudwatch/eventTarget.js';
import type { Input, Resource } from '@pulumi/pulumi';
import { type At, ruleState, tags } from './provider.ts';

interface HubRule {
  readonly name: string;
  readonly description: string;
  /** Events of a bus that match a pattern, or a schedule, which exists on the default event bus only. */
  readonly takes: { readonly bus: Input<string>; readonly pattern: object } | { readonly schedule: string };
  readonly target: Input<string>;
  readonly deadLetters: Input<string>;
  /** What the target depends on. */
  readonly after: Resource[];
  /** What the rule depends on, because it takes over events that this one no longer accepts. */
  readonly ruleAfter?: Resource[];
}

/**
 * Declares a rule of the hub with its one target, which is retried for a day before the event is a dead letter. Returns
 * both, as dependencies of others.
 */
export function hubRule(
  { provider, placed }: At,
  { name, description, takes, ...rule }: HubRule,
): Resource[] {
  const bus = 'bus' in takes ? { eventBusName: takes.bus } : {};
  const trigger =
    'bus' in takes ? { eventPattern: JSON.stringify(takes.pattern) } : { scheduleExpression: takes.schedule };
  const made = new EventRule(
    name,
    { ...placed, name, description, ...bus, ...trigger, state: ruleState, tags: tags('hub') },
    { provider, dependsOn: rule.ruleAfter ?? [] },
  );
  const target = new EventTarget(
    name,
    {
      ...placed,
      rule: made.name,
      ...bus,
      targetId: 'hub',
      arn: rule.target,
      deadLetterConfig: { arn: rule.deadLetters },
      retryPolicy: { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 },
    },
    { provider, dependsOn: rule.after },
  );
  return [made, target];
}

import { EventRule } from '@pulumi/aws/cloudwatch/eventRule.js';
import { EventTarget } from '@pulumi/aws/cloudwatch/eventTarget.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { Queue } from '@pulumi/aws/sqs/queue.js';
import * as pulumi from '@pulumi/pulumi';
import type { Cell, Place } from './arguments.ts';
import { busArn, type Location, names, roleArn } from './names.ts';
import { ingressPattern, lifecyclePattern } from './pattern.ts';
import { queuePolicy } from './policies.ts';
import { inRegion, ruleState, tags } from './provider.ts';

interface ForwardingArguments {
  readonly place: Pick<Place, 'partition' | 'accountId'>;
  readonly hub: Location;
  readonly cell: Cell;
}

/**
 * The forwarding of one cell: rules on the default event bus that send what may open ingress (and lifecycle events in
 * their Region) to the org bus in one hop, with a dead-letter queue. Both layouts use this component. The Region is set
 * on each resource, so one provider serves several Regions.
 */
export class Forwarding extends pulumi.ComponentResource {
  constructor(args: ForwardingArguments, provider: Provider) {
    const { region, lifecycle } = args.cell;
    super('portcullis:index:Forwarding', `forwarding-${region}`, {}, { providers: { aws: provider } });
    const here: Location = { ...args.place, region };
    const rules = [
      { name: names.forwardRule, pattern: ingressPattern, about: 'ingress that may have been opened' },
      ...(lifecycle
        ? [{ name: names.lifecycleRule, pattern: lifecyclePattern, about: 'changes of the organization' }]
        : []),
    ];
    const own = { parent: this, provider };
    const { placed } = inRegion(provider, region);
    const queue = new Queue(
      `dead-letter-${region}`,
      {
        ...placed,
        name: names.forwardDeadLetterQueue,
        messageRetentionSeconds: 14 * 24 * 3600,
        sqsManagedSseEnabled: true,
        policy: queuePolicy(
          here,
          names.forwardDeadLetterQueue,
          rules.map(({ name }) => ({ rule: name })),
        ),
        tags: tags('region'),
      },
      own,
    );
    for (const { name, pattern, about } of rules) {
      const rule = new EventRule(
        `${name}-${region}`,
        {
          ...placed,
          name,
          description: `Portcullis: sends ${about} to the org bus`,
          eventPattern: JSON.stringify(pattern),
          state: ruleState,
          tags: tags('region'),
        },
        own,
      );
      new EventTarget(
        `${name}-${region}`,
        {
          ...placed,
          rule: rule.name,
          targetId: 'org-bus',
          arn: busArn(args.hub, names.bus),
          roleArn: roleArn(args.place, names.forwarderRole),
          deadLetterConfig: { arn: queue.arn },
        },
        own,
      );
    }
    this.registerOutputs({});
  }
}

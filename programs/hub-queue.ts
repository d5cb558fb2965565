import { Queue } from '@pulumi/aws/sqs/queue.js';
import type { Place } from './arguments.ts';
import { queuePolicy } from './policies.ts';
import { type At, tags } from './provider.ts';

interface HubQueue {
  readonly name: string;
  /** The rules that send to it. */
  readonly rules: { rule: string; bus?: string }[];
  readonly retentionSeconds: number;
  readonly visibilitySeconds: number;
  /** Where a message goes that was received this often without success; left out for the dead-letter queue. */
  readonly redrive?: { readonly to: Queue; readonly receives: number };
}

/** Declares a queue of the hub. */
export function hubQueue({ provider, placed }: At, place: Place, queue: HubQueue): Queue {
  const { name, rules, retentionSeconds, visibilitySeconds, redrive } = queue;
  return new Queue(
    name,
    {
      ...placed,
      name,
      messageRetentionSeconds: retentionSeconds,
      visibilityTimeoutSeconds: visibilitySeconds,
      sqsManagedSseEnabled: true,
      policy: queuePolicy(place, name, rules),
      ...(redrive
        ? {
            redrivePolicy: redrive.to.arn.apply((arn) =>
              JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: redrive.receives }),
            ),
          }
        : // Others send their dead letters to it. Named, because the provider accepts any value of what is left out.
          { redriveAllowPolicy: JSON.stringify({ redrivePermission: 'allowAll' }) }),
      tags: tags('hub'),
    },
    { provider },
  );
}

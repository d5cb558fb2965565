import { InvokeCommand } from '@aws-sdk/client-lambda';
import { sweepEvent } from '../../../lambda/contract/sweep.ts';
import { names } from '../../../programs/names.ts';
import type { Uses } from '../../services/services.ts';
import { reasonOf } from '../../settings/errors.ts';
import type { CellReading } from '../../store/findings/finding.ts';
import type { SweptGroup } from '../../store/sweeps/hand-over.ts';

type HandOverContext = Uses<{ store: 'sweeps'; aws: 'lambda'; settings: 'hub'; log: true }>;

/** Groups that are taken at once. The client's rate limit for Lambda bounds how fast they are handed over. */
const atOnce = 10;

/** The groups of a reading with ingress that the policy would revoke: for others the Lambda would only notify. Pure. */
export function groupsToRemediate({ sweepId, accountId, region, findings }: CellReading): SweptGroup[] {
  const open = findings.filter(({ mode, exceptions }) => mode === 'revoke' && exceptions.length === 0);
  return [...new Set(open.map(({ groupId }) => groupId))].map((groupId) => ({
    ...{ sweepId, accountId, region, groupId },
  }));
}

/** Hands one group to the Lambda. Asynchronous: Lambda retries it, and its dead letter is the event. */
async function handOver({ store, aws, settings, log }: HandOverContext, group: SweptGroup): Promise<void> {
  const { sweepId, accountId: account, region, groupId } = group;
  try {
    const lambda = await aws.lambda(settings.hub.accountId, settings.hub.region);
    await lambda.send(
      new InvokeCommand({
        FunctionName: names.remediationFunction,
        InvocationType: 'Event',
        Payload: JSON.stringify(sweepEvent({ account, region }, { sweepId, groupId })),
      }),
    );
    await store.sweeps.handOver.groupSent(group);
  } catch (error) {
    const reason = reasonOf(error);
    await store.sweeps.handOver.groupNotSent(group, reason);
    log.warn({ account, region, group: groupId, reason }, 'a group was not handed to the Lambda');
  }
}

/** Hands the groups that sweeps left to the hub's Lambda, until none is due. A group handed over twice changes nothing. */
export async function handOverDue(context: HandOverContext, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const groups = await context.store.sweeps.handOver.takeGroups(atOnce);
    if (groups.length === 0) return;
    await Promise.all(groups.map((group) => handOver(context, group)));
  }
}

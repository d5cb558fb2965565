import { sweepEventSchema } from '../contract/sweep.ts';
import { type ApiCall, callWithoutCaller } from '../event/read.ts';
import { taskWithoutEvent } from '../event/task.ts';
import { type Connect, type RemediationTask, taskFor } from './plan.ts';
import type { RemediationContext } from './remediate.ts';
import { untouched } from './remediation.ts';

/** A group that a sweep found an offence in, as a call without a caller. */
interface SweptGroup {
  call: ApiCall;
  groupId: string;
}

/** The group that a sweep hands over; undefined for any other event. */
export function readSweptGroup(event: unknown): SweptGroup | undefined {
  const { data } = sweepEventSchema.safeParse(event);
  if (!data) return undefined;
  return { call: callWithoutCaller(data.id, data.account, data.region), groupId: data.detail.groupId };
}

/** Inspects the group as for any event, if the policy has `sweepAction: remediate`. */
export function sweptGroupTask(
  context: RemediationContext,
  connect: Connect,
  { call, groupId }: SweptGroup,
): RemediationTask {
  if (context.policyContext.policy.sweepAction !== 'remediate') {
    const reason = 'the policy of this bundle lets no sweep remediate: its sweepAction is not remediate';
    return async () => untouched('ignored', reason, call.account, groupId);
  }
  return taskFor(context, connect, taskWithoutEvent(call, groupId, false));
}

import { sweepEventSchema } from '../contract/sweep.ts';
import type { ApiCall } from '../event/read.ts';
import { expectNothing } from '../event/task.ts';
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
  const { id: eventId, account, region, detail } = data;
  const actor = { principal: null, session: null, sourceIp: null, userAgent: null, tool: null };
  return {
    call: { eventId, account, region, actor, cloudTrailEventId: null, eventName: null, eventTime: null },
    groupId: detail.groupId,
  };
}

/** Inspects the group as for any event, where the policy lets sweeps remediate. */
export function sweptGroupTask(
  context: RemediationContext,
  connect: Connect,
  { call, groupId }: SweptGroup,
): RemediationTask {
  if (context.policyContext.policy.sweepAction !== 'remediate') {
    const reason = 'the policy of this bundle lets no sweep remediate: its sweepAction is not remediate';
    return async () => untouched('ignored', reason, call.account, groupId);
  }
  const nothing = { ruleIds: [], expected: expectNothing, own: false, retagged: false, lag: 0 };
  return taskFor(context, connect, { call, account: call.account, groupId, ...nothing, scheduled: false });
}

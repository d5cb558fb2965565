import { isOnlyCanary } from '../contract/canary.ts';
import type { RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import type { History } from '../ledger/history.ts';
import type { Notifier } from '../notify/notifier.ts';
import { publishResult } from '../notify/publish.ts';
import { policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import type { Remediation } from './remediate.ts';

/** Tells people of what came of a group, then the org bus. @throws where the bus did not take it. */
export type Report = (
  call: ApiCall,
  remediation: Remediation,
  receivedAt: Date,
) => Promise<RemediationResult>;

export function createReport(context: HandlerContext, notifier: Notifier, history: History): Report {
  const { policy, bundle = null, environment, cloud, clock, log } = context;
  const digest = policyDigest(policy);
  return async (call, remediation, receivedAt) => {
    const result = compose(call, remediation, { digest, bundle, receivedAt, time: clock.now() });
    const notified = isOnlyCanary(result)
      ? result
      : { ...result, notification: await notifier.notify(result) };
    log('result', notified);
    const sent = await publishResult(cloud, environment.busArn, notified, clock);
    const { account, groupId, findings } = remediation;
    if (groupId !== null && findings.some(({ undo }) => undo !== null))
      await history.reported({ call, account, groupId });
    return sent;
  };
}

function compose(
  call: ApiCall,
  remediation: Remediation,
  {
    digest,
    bundle,
    receivedAt,
    time,
  }: { digest: string; bundle: string | null; receivedAt: Date; time: Date },
): RemediationResult {
  const { failure: _, call: __, revokedAt, ...judged } = remediation;
  const { eventTime, ...origin } = call;
  return {
    schemaVersion: 1,
    ...origin,
    time: time.toISOString(),
    ...judged,
    policyDigest: digest,
    bundle,
    omitted: 0,
    notification: {
      slack: { status: 'not-needed' },
      sns: { status: 'not-needed' },
      securityHub: { status: 'not-needed' },
    },
    timeline: {
      eventTime,
      receivedAt: receivedAt.toISOString(),
      revokedAt: revokedAt?.toISOString() ?? null,
    },
  };
}

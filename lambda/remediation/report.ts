import { isOnlyCanary } from '../contract/canary.ts';
import type { RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import { readEscalation, writeEscalation } from '../ledger/escalations.ts';
import type { History } from '../ledger/history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isDelivered, type Notifier } from '../notify/notifier.ts';
import { publishResult } from '../notify/publish.ts';
import { openingOfFinding } from '../policy/rule.ts';
import { policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import type { Remediation } from './remediation.ts';
import { keepReported } from './watch.ts';

/** Notifies people of a group's result, then publishes it on the org bus. @throws when the bus did not accept it. */
export type Report = (
  call: ApiCall,
  remediation: Remediation,
  receivedAt: Date,
) => Promise<RemediationResult>;

export function createReport(context: HandlerContext, notifier: Notifier, history: History): Report {
  const { policy, bundle = null, environment, cloud, clock, ledger, log } = context;
  const digest = policyDigest(policy);
  return async (call, remediation, receivedAt) => {
    const result = compose(call, remediation, { digest, bundle, receivedAt, time: clock.now() });
    const notified = isOnlyCanary(result)
      ? result
      : { ...result, notification: await notifier.notify(result) };
    log('result', notified);
    const sent = await publishResult(cloud, environment.busArn, notified, clock);
    const { account, groupId, findings, attempt } = remediation;
    if (groupId !== null && findings.some(({ undo }) => undo !== null))
      await history.reported({ call, account, groupId, ...(attempt && { attempt }) });
    if (!notified.repeated && isDelivered(notified.notification))
      await keepAnnounced(ledger, notified, clock.now());
    if (groupId !== null && remediation.look !== undefined)
      await keepReported(ledger, { account, region: call.region, groupId }, remediation.look, clock.now());
    return sent;
  };
}

/**
 * People are notified once that ingress recurs, and once of its escalation: the ledger records the notification and its
 * event. A closing by the schedule announces no escalation, because it names no principal.
 */
async function keepAnnounced(
  ledger: Ledger,
  { account, region, groupId, eventId, findings }: RemediationResult,
  now: Date,
): Promise<void> {
  if (groupId === null) return;
  const place = { account, region, groupId };
  for (const finding of findings) {
    if (finding.recurrence === undefined) continue;
    const ingress = openingOfFinding(finding);
    const known = await readEscalation(ledger, place, ingress);
    const announced = { announcedAt: now.getTime(), announcedBy: eventId };
    if (known?.escalated === (finding.action === 'escalated'))
      await writeEscalation(ledger, place, ingress, { ...known, ...announced });
  }
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
  const { failure: _, call: __, look: ___, unreported: ____, revokedAt, ...rest } = remediation;
  const { attempt: _____, settle: ______, ...result } = rest;
  const { eventTime, ...origin } = call;
  return {
    schemaVersion: 1,
    ...origin,
    time: time.toISOString(),
    ...result,
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

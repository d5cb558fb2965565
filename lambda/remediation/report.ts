import { isOnlyCanary } from '../contract/canary.ts';
import type { Notification, RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import { readEscalation, writeEscalation } from '../ledger/escalations.ts';
import type { History } from '../ledger/history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Notifier } from '../notify/notifier.ts';
import { publishResult } from '../notify/publish.ts';
import { openingOfFinding } from '../policy/rule.ts';
import { policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import type { Remediation } from './remediation.ts';
import { keepReported } from './watch.ts';

/** Tells people of what came of a group, then the org bus. @throws where the bus did not take it. */
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
    if (!notified.repeated && isOut(notified.notification))
      await keepAnnounced(ledger, notified, clock.now());
    if (groupId !== null && remediation.look !== undefined)
      await keepReported(ledger, { account, region: call.region, groupId }, remediation.look, clock.now());
    return sent;
  };
}

/** Whether a message reached people by any channel, or there is none; else the next result tries again. */
function isOut(notification: Notification): boolean {
  const channels = [notification.slack, notification.sns].map(({ status }) => status);
  return channels.some((status) => status === 'sent' || status === 'folded') || !channels.includes('failed');
}

/**
 * People are notified once that ingress keeps coming back, and once of its escalation: the ledger keeps that they were,
 * and because of which event. A closing by the schedule does not tell of an escalation, as it names no principal.
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
  const { attempt: _____, settle: ______, ...judged } = rest;
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

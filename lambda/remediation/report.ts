import { isOnlyCanary } from '../contract/canary.ts';
import { type RemediationResult, remediationResultSchema } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import { readEscalation, writeEscalation } from '../ledger/escalations.ts';
import type { History } from '../ledger/history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { placeOf } from '../ledger/shards.ts';
import { isDelivered, type Notifier } from '../notify/notifier.ts';
import { publishResult } from '../notify/publish.ts';
import { openingOfFinding } from '../policy/rule.ts';
import { policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import type { Remediation } from './remediation.ts';
import { keepReported } from './watch.ts';

/**
 * Notifies people of a group's result, logs it, then publishes it on the org bus. @throws when its schema refuses it or
 * the bus did not accept it.
 */
export type Report = (
  call: ApiCall,
  remediation: Remediation,
  receivedAt: Date,
) => Promise<RemediationResult>;

export function createReport(context: HandlerContext, notifier: Notifier, history: History): Report {
  const { policy, bundle = null, environment, cloud, clock, ledger, log } = context;
  const digest = policyDigest(policy);
  return async (call, remediation, receivedAt) => {
    const time = clock.now().toISOString();
    const composed = compose(call, remediation, receivedAt, { time, policyDigest: digest, bundle });
    // A result that the schema refuses is not published, but people are notified of it, and the log has its undo.
    const { data: result = composed, error } = remediationResultSchema.safeParse(composed);
    const notified = isOnlyCanary(result)
      ? result
      : { ...result, notification: await notifier.notify(result) };
    log('result', notified);
    if (error) throw error;
    await publishResult(cloud, environment.busArn, notified, clock);
    const { account, groupId, findings, attempt } = remediation;
    if (groupId !== null && findings.some(({ undo }) => undo !== null))
      await history.reported({ call, account, groupId, ...(attempt && { attempt }) });
    if (!notified.repeated && isDelivered(notified.notification))
      await keepAnnounced(ledger, notified, clock.now());
    if (groupId !== null && remediation.look !== undefined)
      await keepReported(ledger, placeOf({ account, call, groupId }), remediation.look, clock.now());
    return notified;
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

/** The result before anyone is notified. The schema drops the other fields of a call and a remediation. */
function compose(
  call: ApiCall,
  remediation: Remediation,
  receivedAt: Date,
  facts: Pick<RemediationResult, 'time' | 'policyDigest' | 'bundle'>,
): RemediationResult {
  const notNeeded = { status: 'not-needed' } as const;
  // An error may contain itself, so it cannot be logged as JSON.
  const { failure: _, ...rest } = remediation;
  return {
    schemaVersion: 1,
    ...call,
    ...rest,
    ...facts,
    omitted: 0,
    notification: { slack: notNeeded, sns: notNeeded, securityHub: notNeeded },
    timeline: {
      eventTime: call.eventTime,
      receivedAt: receivedAt.toISOString(),
      revokedAt: remediation.revokedAt?.toISOString() ?? null,
    },
  };
}

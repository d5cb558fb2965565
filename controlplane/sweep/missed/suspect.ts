import type { CellReading } from '../../store/findings/finding.ts';
import type { CellChanges } from '../../store/findings/findings.ts';
import { findingId } from '../../store/findings/identity.ts';
import type { Suspicion } from '../../store/sweeps/missed-events.ts';

/**
 * New offences of a reading that an event should have announced: they were absent from an earlier complete reading of the
 * cell by the same policy. Where CloudTrail still knows the call, the policy may be another since: the call is dated. A
 * cell that was never read before was perhaps never wired either, so nothing in it is suspected. An exception that
 * expired is no new offence: its finding was in the list. Pure.
 */
export function suspicions(reading: CellReading, { appeared, previous }: CellChanges): Suspicion[] {
  if (!previous) return [];
  const { accountId, region, sweepId, readAt, policyDigest } = reading;
  const isNew = new Set(appeared);
  return reading.findings.flatMap(({ groupId, ingress, openedBy, exceptions }) => {
    if (!isNew.has(findingId({ accountId, region, groupId, ingress })) || exceptions.length > 0) return [];
    const opened = openedBy && new Date(openedBy.eventTime);
    const isDated = opened !== null && opened >= previous.readAt;
    const isSamePolicy = previous.policyDigest === policyDigest;
    if (!(isSamePolicy || isDated)) return [];
    // A call before the earlier reading did not open what that reading did not show.
    const afterAt = isDated ? opened : previous.readAt;
    return [
      {
        ...{ accountId, region, groupId, ingress, sweepId },
        afterAt,
        foundAt: readAt,
        openedBy: isDated ? openedBy : null,
      },
    ];
  });
}

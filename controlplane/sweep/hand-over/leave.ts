import type { Query } from '../../store/database/database.ts';
import type { CellReading } from '../../store/findings/finding.ts';
import { findingId } from '../../store/findings/identity.ts';
import { handGroups, importFindings } from '../../store/sweeps/hand-over.ts';
import { suspectMissed } from '../../store/sweeps/missed-events.ts';
import type { RecordedReading, SweepContext, SweepPolicy } from '../context.ts';
import { suspicions } from '../missed/suspect.ts';
import { type SweptFinding, sweptFinding } from './asff.ts';
import { groupsToRemediate } from './groups.ts';

interface LeaveContext {
  readonly partition: string;
  readonly securityHub: boolean;
}

/** Findings by id, as the list has them: what their owners removed is in no reading. */
const removed = (query: Query, ids: readonly string[]): Promise<SweptFinding[]> =>
  query(
    `select account_id, region, group_id, group_name, rule_id, protocol, from_port, to_port, source, policy_rule,
       severity, why, to_char(first_seen at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as first_seen
     from finding where id = any($1) and rule_id is not null`,
    [ids],
  );

/** New findings of a reading that the Lambda does not report: those of groups that it is handed. Pure. */
function toReport(
  reading: CellReading,
  { appeared }: RecordedReading,
  handed: readonly string[],
): SweptFinding[] {
  const { accountId, region, readAt } = reading;
  const isNew = new Set(appeared);
  return reading.findings.flatMap(({ ruleId, ...finding }) => {
    const { groupId, ingress, exceptions } = finding;
    const id = findingId({ accountId, region, groupId, ingress });
    const isReported = !isNew.has(id) || exceptions.length > 0 || handed.includes(groupId);
    if (ruleId === null || isReported) return [];
    return [{ ...finding, ruleId, accountId, region, firstSeen: readAt.toISOString() }];
  });
}

/**
 * Records what follows from a reading, with it: the groups for the Lambda where the policy says so, what is sent to
 * Security Hub, and offences whose events may have been missed.
 */
export function leaver({ partition, securityHub }: LeaveContext): SweepContext['leave'] {
  return async (query: Query, reading: CellReading, recorded: RecordedReading, { policy }: SweepPolicy) => {
    const groups = policy.sweepAction === 'remediate' ? groupsToRemediate(reading) : [];
    await handGroups(query, groups);
    if (securityHub) {
      const when = { partition, now: reading.readAt.toISOString() };
      const handed = groups.map(({ groupId }) => groupId);
      const gone = recorded.resolved.length > 0 ? await removed(query, recorded.resolved) : [];
      await importFindings(query, [
        ...toReport(reading, recorded, handed).map((each) => sweptFinding(each, 'open', when)),
        ...gone.map((each) => sweptFinding(each, 'removed', when)),
      ]);
    }
    await suspectMissed(query, suspicions(reading, recorded));
  };
}

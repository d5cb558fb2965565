import type { Query } from '../../store/database/database.ts';
import type { CellReading } from '../../store/findings/finding.ts';
import type { CellChanges } from '../../store/findings/findings.ts';
import { handGroups, importFindings } from '../../store/sweeps/hand-over.ts';
import { suspectMissed } from '../../store/sweeps/missed-events.ts';
import type { SweepContext, SweepPolicy } from '../context.ts';
import { suspicions } from '../missed/suspect.ts';
import { type SweptChange, type SweptFinding, sweptFinding } from './asff.ts';
import { groupsToRemediate } from './groups.ts';

interface LeaveContext {
  readonly partition: string;
  readonly securityHub: boolean;
}

/** Findings by id, as the list has them: what their owners removed is in no reading. */
const listed = (query: Query, ids: readonly string[]): Promise<(SweptFinding & { readonly id: string })[]> =>
  query(
    `select id, account_id, region, group_id, group_name, rule_id, protocol, from_port, to_port, source, policy_rule,
       severity, why, to_char(first_seen at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as first_seen
     from finding where id = any($1) and rule_id is not null`,
    [ids],
  );

/** What changes in Security Hub, by the ids of findings. It never had what is excepted from the beginning. Pure. */
function changesToReport({ opened, excepted, resolved, appeared }: CellChanges): Map<string, SweptChange> {
  const ended = excepted.filter((id) => !appeared.includes(id));
  return new Map([
    ...opened.map((id) => [id, 'open'] as const),
    ...ended.map((id) => [id, 'excepted'] as const),
    ...resolved.map((id) => [id, 'removed'] as const),
  ]);
}

/**
 * Records what follows from a reading, with it: the groups for the Lambda where the policy says so, what is sent to
 * Security Hub, and offences whose events may have been missed.
 */
export function leaver({ partition, securityHub }: LeaveContext): SweepContext['leave'] {
  return async (query: Query, reading: CellReading, changes: CellChanges, { policy }: SweepPolicy) => {
    const groups = policy.sweepAction === 'remediate' ? groupsToRemediate(reading) : [];
    await handGroups(query, groups);
    const toReport = changesToReport(changes);
    if (securityHub && toReport.size > 0) {
      const when = { partition, now: reading.readAt.toISOString() };
      const handed = new Set(groups.map(({ groupId }) => groupId));
      const imports = (await listed(query, [...toReport.keys()])).flatMap(({ id, ...finding }) => {
        const change = toReport.get(id);
        // The Lambda reports the groups that it is handed.
        if (!change || (change === 'open' && handed.has(finding.groupId))) return [];
        return [sweptFinding(finding, change, when)];
      });
      await importFindings(query, imports);
    }
    await suspectMissed(query, suspicions(reading, changes));
  };
}

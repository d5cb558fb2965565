import type { RemediationResult } from '../../../lambda/contract/result.ts';
import type { Query } from '../database/database.ts';
import type { Observation } from './observation.ts';

type Known = Pick<
  Observation,
  'id' | 'ingress' | 'protocol' | 'fromPort' | 'toPort' | 'source' | 'ruleId' | 'severity' | 'mode' | 'why'
>;

/**
 * What a result says of rules that exceptions allow. It has their ids without their content, so only findings that the
 * list has under such an id are in the answer; the next sweep adds the others.
 */
export async function excepted(query: Query, result: RemediationResult): Promise<Observation[]> {
  const { account, region, groupId, groupName, vpcId, owner, policyDigest, time } = result;
  if (groupId === null || result.excepted.length === 0) return [];
  const byRule = new Map(result.excepted.map((each) => [each.ruleId, each]));
  const known = await query<Known>(
    `select id, ingress, protocol, from_port, to_port, source, rule_id, severity, mode, why from finding
     where account_id = $1 and region = $2 and group_id = $3 and rule_id = any($4)`,
    [account, region, groupId, [...byRule.keys()]],
  );
  return known.flatMap((finding) => {
    const entry = byRule.get(finding.ruleId ?? '');
    if (!entry) return [];
    return [
      {
        ...{ ...finding, groupId, groupName, vpcId, policyDigest },
        ...{ policyRule: entry.policyRule, exceptions: entry.exceptions },
        ...{ exposure: null, ownerRead: false, openedBy: null },
        owner: owner && { by: 'group-tag', tag: owner.tag, value: owner.value },
        ...{ seenAt: time, seenState: 'excepted', goneAt: null, goneRuleId: null },
      },
    ];
  });
}

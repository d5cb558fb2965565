import { ownerOf } from '../../lambda/contract/owner.ts';
import type { Policy } from '../../lambda/policy/parse.ts';
import type { SecurityGroup } from '../../lambda/policy/security-group.ts';
import type { FindingOwner, OpenedBy } from '../store/findings/finding.ts';

type Tags = Readonly<Record<string, string>>;

/**
 * Who answers for a group: the first owner tag of the policy on the group, then on its account, then the principal that
 * opened it. Pure.
 */
export function findingOwner(
  policy: Policy,
  group: SecurityGroup,
  accountTags: Tags | null,
  openedBy: OpenedBy | null,
): FindingOwner | null {
  const onGroup = ownerOf(policy, group);
  if (onGroup) return { by: 'group-tag', ...onGroup };
  const onAccount = accountTags && ownerOf(policy, { ...group, tags: accountTags });
  if (onAccount) return { by: 'account-tag', ...onAccount };
  return openedBy && { by: 'principal', tag: null, value: openedBy.principal };
}

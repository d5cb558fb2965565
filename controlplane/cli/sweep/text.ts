import { formatRule, openingOfFinding } from '../../../lambda/policy/rule.ts';
import type { FindingOwner, ObservedFinding } from '../../store/findings/finding.ts';
import { countsOf, type NotChecked, type SweepResult } from '../../sweep/standalone/result.ts';

/** A rule as text, such as `tcp/22/0.0.0.0/0`. */
export const ruleText = (
  finding: Pick<ObservedFinding, 'protocol' | 'fromPort' | 'toPort' | 'source'>,
): string => formatRule(openingOfFinding(finding));

export const groupText = ({ groupId, groupName }: Pick<ObservedFinding, 'groupId' | 'groupName'>): string =>
  groupName ? `${groupId} (${groupName})` : groupId;

const ownerSources: Readonly<Record<FindingOwner['by'], string>> = {
  'group-tag': 'tag of the group',
  'account-tag': 'tag of the account',
  principal: 'opened it',
};

export const ownerText = (owner: FindingOwner | null): string =>
  owner ? `${owner.value} (${ownerSources[owner.by]})` : '';

export const accountText = ({
  accountId,
  accountName,
}: {
  accountId: string;
  accountName: string;
}): string => (accountName ? `${accountId} (${accountName})` : accountId);

export const placeText = ({ region }: Pick<NotChecked, 'region'>): string => region ?? 'every Region';

const counted = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

const named = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name === 'none' ? 'without a severity' : name}`)
    .join(', ');

/** The counts of a sweep, one in each line; those of cells that were not checked are never left out. Pure. */
export function summaryLines(result: SweepResult): string[] {
  const counts = countsOf(result);
  const inactive =
    result.inactiveAccounts > 0
      ? [`Not active, so not read: ${counted(result.inactiveAccounts, 'account')}`]
      : [];
  return [
    `Checked ${counts.cellsChecked} of ${counted(result.cells, 'cell')} (an account in a Region) in ${counted(result.accounts, 'account')}, ${counted(result.groups, 'security group')}`,
    `Forbidden by the policy: ${counted(counts.open, 'rule')} in ${counted(counts.accountsWithFindings, 'account')}`,
    ...(counts.open > 0
      ? [`By exposure: ${named(counts.byExposure)}`, `By severity: ${named(counts.bySeverity)}`]
      : []),
    ...(counts.excepted > 0 ? [`Allowed by an exception: ${counted(counts.excepted, 'rule')}`] : []),
    ...(counts.undecided > 0 ? [`Could not be evaluated: ${counted(counts.undecided, 'rule')}`] : []),
    ...(counts.notChecked > 0 ? [`Not checked: ${counts.notChecked}, listed below with the reasons`] : []),
    ...inactive,
    `Policy: ${result.policyDigest.slice(0, 12)}`,
  ];
}

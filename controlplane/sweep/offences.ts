import {
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type SecurityGroup as ListedGroup,
} from '@aws-sdk/client-ec2';
import { evaluate, type Verdict } from '../../lambda/policy/evaluate.ts';
import type { Policy } from '../../lambda/policy/parse.ts';
import { openingsOf, ruleWithoutId } from '../../lambda/policy/rule.ts';
import type { PrefixList, SecurityGroup, Situation } from '../../lambda/policy/security-group.ts';
import { everyPage } from './patience.ts';
import { pageSize } from './rules.ts';

/** A verdict that is kept: a finding, or a rule that could not be evaluated. */
export type Offence = Exclude<Verdict, { verdict: 'allowed' }>;

export interface OffendingGroup {
  readonly group: SecurityGroup;
  readonly offences: readonly Offence[];
}

/** What the listing of a cell's security groups shows. */
export interface Offences {
  /** How many groups the account owns. */
  readonly groups: number;
  readonly offending: readonly OffendingGroup[];
  /** Of every prefix list that an ingress rule names. */
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  /** Other accounts whose groups are listed here: those of a shared VPC. They are read in their own account. */
  readonly otherOwners: readonly string[];
}

interface ListingContext {
  readonly ec2: EC2Client;
  readonly policy: Policy;
  readonly situation: Situation & { readonly account: string };
  readonly resolve: (ids: readonly string[]) => Promise<ReadonlyMap<string, PrefixList>>;
}

/**
 * The groups of a cell that the policy forbids something in, evaluated page by page; no other group is kept. One
 * call where the account has at most a thousand groups in the Region. @throws when any page fails
 */
export async function readOffences(context: ListingContext): Promise<Offences> {
  const { ec2, situation } = context;
  const owners = new Set<string>();
  const prefixLists = new Map<string, PrefixList>();
  const offending: OffendingGroup[] = [];
  let groups = 0;
  await everyPage(
    async (NextToken) => {
      const page = await ec2.send(new DescribeSecurityGroupsCommand({ MaxResults: pageSize, NextToken }));
      return { items: page.SecurityGroups, next: page.NextToken };
    },
    async (listed) => {
      const own = listed.filter(({ OwnerId = situation.account }) => OwnerId === situation.account);
      for (const { OwnerId } of listed) if (OwnerId && OwnerId !== situation.account) owners.add(OwnerId);
      groups += own.length;
      const missing = prefixListsIn(own).filter((id) => !prefixLists.has(id));
      if (missing.length > 0)
        for (const [id, list] of await context.resolve(missing)) prefixLists.set(id, list);
      offending.push(...own.flatMap((group) => offendingGroup(context, prefixLists, group)));
    },
  );
  return { groups, offending, prefixLists, otherOwners: [...owners].sort() };
}

function prefixListsIn(groups: readonly ListedGroup[]): string[] {
  const named = groups.flatMap(({ IpPermissions = [] }) =>
    IpPermissions.flatMap(({ PrefixListIds = [] }) => PrefixListIds.map(({ PrefixListId }) => PrefixListId)),
  );
  return [...new Set(named.filter((id) => id !== undefined))];
}

function offendingGroup(
  { policy, situation }: ListingContext,
  prefixLists: ReadonlyMap<string, PrefixList>,
  listed: ListedGroup,
): OffendingGroup[] {
  const { GroupId, IpPermissions = [] } = listed;
  if (!GroupId) throw new Error('DescribeSecurityGroups answered with a group without id');
  if (IpPermissions.length === 0) return [];
  const group: SecurityGroup = {
    id: GroupId,
    name: listed.GroupName ?? '',
    vpcId: listed.VpcId ?? null,
    owner: listed.OwnerId,
    tags: Object.fromEntries((listed.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
  };
  const rules = IpPermissions.flatMap(openingsOf).map((opening) => ruleWithoutId(GroupId, opening));
  const verdicts = evaluate(policy, group, rules, { ...situation, prefixLists });
  const offences = verdicts.filter((verdict) => verdict.verdict !== 'allowed');
  return offences.length > 0 ? [{ group, offences }] : [];
}

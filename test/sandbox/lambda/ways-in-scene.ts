import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateIpamPrefixListResolverTargetCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type IpPermission,
  paginateDescribeSecurityGroupRules,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';

/** The resolver that the fixtures name. */
const resolver = 'ipam-pl-resolver-0a1b2c3d4e5f60001';
const world = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
const tcp = (port: number, source: IpPermission): IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  ...source,
});

/** Every rule of an account's Region, as text, in order: two equal listings mean that nothing was touched. */
export async function listing(ec2: EC2Client): Promise<string[]> {
  const all: SecurityGroupRule[] = [];
  for await (const page of paginateDescribeSecurityGroupRules({ client: ec2 }, { MaxResults: 1000 }))
    all.push(...(page.SecurityGroupRules ?? []));
  return all.map((rule) => JSON.stringify(rule)).sort();
}

export interface Scene {
  /** The group that events name, one beside it, and the VPC's default group: each with rules that must go. */
  readonly groups: { readonly named: string; readonly bystander: string; readonly default: string };
  /** Puts back what an event took away. */
  restore(): Promise<void>;
  /** Ids of the rules of these groups that the policy forbids. */
  offending(groups: readonly string[]): Promise<string[]>;
  /** The event of a fixture about this scene, with an id of its own. */
  event(fixture: string): Promise<object>;
}

/** A group with all kinds of rules that the policy forbids and all kinds that it does not, and two beside it. */
export async function makeScene(ec2: EC2Client): Promise<Scene> {
  const create = async () => {
    const group = { GroupName: `scene-${randomUUID()}`, Description: 'test' };
    return {
      id: (await ec2.send(new CreateSecurityGroupCommand(group))).GroupId ?? '',
      name: group.GroupName,
    };
  };
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
  );
  const [named, bystander] = [await create(), await create()];
  const groups = { named: named.id, bystander: bystander.id, default: SecurityGroups[0]?.GroupId ?? '' };
  const list = await ec2.send(
    new CreateManagedPrefixListCommand({
      ...{ PrefixListName: randomUUID(), MaxEntries: 5, AddressFamily: 'IPv4' },
      Entries: [{ Cidr: '0.0.0.0/0' }],
    }),
  );
  const PrefixListId = list.PrefixList?.PrefixListId ?? '';
  await ec2.send(
    new CreateIpamPrefixListResolverTargetCommand({
      ...{ IpamPrefixListResolverId: resolver, PrefixListId, PrefixListRegion: await ec2.config.region() },
      TrackLatestVersion: true,
    }),
  );
  const forbidden: Record<string, IpPermission[]> = {
    [groups.named]: [
      tcp(22, world),
      tcp(3389, { Ipv6Ranges: [{ CidrIpv6: '::/0' }] }),
      tcp(5000, { IpRanges: [{ CidrIp: '0.0.0.0/1' }, { CidrIp: '128.0.0.0/1' }] }),
      tcp(6000, { PrefixListIds: [{ PrefixListId }] }),
      { ...tcp(70, world), ToPort: 90 },
    ],
    [groups.bystander]: [tcp(23, world)],
    [groups.default]: [tcp(25, world)],
  };
  const allowed: IpPermission[] = [
    tcp(443, world),
    tcp(22, { IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '203.0.113.7/32' }] }),
    { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, ...world },
    tcp(5432, { UserIdGroupPairs: [{ GroupId: groups.bystander }] }),
  ];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groups.named, IpPermissions: allowed }));
  const rulesOf = async (ids: readonly string[]) => {
    if (ids.length === 0) return [];
    const Filters = [{ Name: 'group-id', Values: [...ids] }];
    const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters }));
    return SecurityGroupRules.filter(({ IsEgress }) => !IsEgress);
  };
  const isForbidden = (rule: SecurityGroupRule) =>
    (forbidden[rule.GroupId ?? ''] ?? []).some(
      ({ FromPort, IpRanges, Ipv6Ranges, PrefixListIds }) =>
        rule.FromPort === FromPort &&
        [
          ...(IpRanges ?? []).map(({ CidrIp }) => CidrIp),
          ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
          ...(PrefixListIds ?? []).map((each) => each.PrefixListId),
        ].includes(rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId),
    );
  const offending = async (ids: readonly string[]) =>
    (await rulesOf(ids)).filter(isForbidden).map(({ SecurityGroupRuleId = '' }) => SecurityGroupRuleId);
  return {
    groups,
    offending,
    async restore() {
      for (const [GroupId, IpPermissions] of Object.entries(forbidden))
        if ((await offending([GroupId])).length === 0)
          await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    },
    async event(fixture) {
      const file = new URL(`../../fixtures/events/${fixture}.json`, import.meta.url);
      const ids = await offending([groups.named]);
      const text = (await readFile(file, 'utf8'))
        .replace(/sg-0a1b2c3d4e5f6\w+/g, groups.named)
        .replace(/pl-0123456789abcdef0/g, PrefixListId)
        .replace(/"groupName": "web"/g, `"groupName": "${named.name}"`)
        .replace(/sgr-0000000000000000(\d)/g, (_, nth: string) => ids[Number(nth) - 1] ?? '');
      return { ...JSON.parse(text), id: randomUUID() };
    },
  };
}

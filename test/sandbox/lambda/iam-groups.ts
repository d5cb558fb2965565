import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  type EC2Client,
  ModifyManagedPrefixListCommand,
} from '@aws-sdk/client-ec2';

interface Cell {
  accountId: string;
  region: string;
}

/** A new group with SSH open to the world and HTTPS too, and the event that tells of it. */
export async function openGroup(ec2: EC2Client, member: Cell): Promise<{ groupId: string; event: object }> {
  const created = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: randomUUID(), Description: 'test' }),
  );
  const groupId = created.GroupId ?? '';
  const world = { IpRanges: [{ CidrIp: '0.0.0.0/0' }], IpProtocol: 'tcp' };
  const IpPermissions = [22, 443].map((port) => ({ ...world, FromPort: port, ToPort: port }));
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
  const text = await readFile(
    new URL('../../fixtures/events/authorize-without-rule-set.json', import.meta.url),
    'utf8',
  );
  const event = JSON.parse(text.replace(/sg-[0-9a-f]+/g, groupId));
  return { groupId, event: { ...event, id: randomUUID(), account: member.accountId, region: member.region } };
}

/** A new group that lets a prefix list in on port 22, a world of late, and the event that tells of the edit. */
export async function editList(
  ec2: EC2Client,
  member: Cell,
): Promise<{ groupId: string; prefixListId: string; event: object }> {
  const created = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: randomUUID(),
      MaxEntries: 5,
      AddressFamily: 'IPv4',
    }),
  );
  const PrefixListId = created.PrefixList?.PrefixListId ?? '';
  const groupId = await letListIn(ec2, PrefixListId);
  const AddEntries = [{ Cidr: '0.0.0.0/0' }];
  await ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, CurrentVersion: 1, AddEntries }));
  const fixture = new URL('../../fixtures/events/prefix-list-edited.json', import.meta.url);
  const event = JSON.parse((await readFile(fixture, 'utf8')).replace(/pl-[0-9a-f]+/g, PrefixListId));
  return {
    groupId,
    prefixListId: PrefixListId,
    event: { ...event, id: randomUUID(), account: member.accountId, region: member.region },
  };
}

/** The id of a new group that lets a prefix list in on port 22. */
export async function letListIn(ec2: EC2Client, PrefixListId: string): Promise<string> {
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: randomUUID(), Description: 'test' }),
  );
  const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, PrefixListIds: [{ PrefixListId }] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [ssh] }));
  return GroupId;
}

/** What a group allows, as `<port> <address range or list>`, in order. */
export async function ingressOf(ec2: EC2Client, groupId: string): Promise<string[]> {
  const Filters = [{ Name: 'group-id', Values: [groupId] }];
  const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters }));
  return SecurityGroupRules.filter((rule) => !rule.IsEgress)
    .map(
      ({ FromPort, CidrIpv4, CidrIpv6, PrefixListId }) =>
        `${FromPort} ${CidrIpv4 ?? CidrIpv6 ?? PrefixListId}`,
    )
    .sort();
}

export async function openPorts(ec2: EC2Client, groupId: string): Promise<(number | undefined)[]> {
  const Filters = [{ Name: 'group-id', Values: [groupId] }];
  const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters }));
  return SecurityGroupRules.filter((rule) => !rule.IsEgress)
    .map((rule) => rule.FromPort)
    .sort();
}

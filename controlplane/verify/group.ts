import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { canaryName, canaryPort, canaryTag } from '../../lambda/contract/canary.ts';
import { reasonOf } from '../settings/errors.ts';

/** The whole IPv4 Internet: what every policy means by world-open, so the canary is judged by the ordinary path. */
const everybody = '0.0.0.0/0';

/** The VPC that a canary's group goes into: the default one, else any of the account's own; undefined without any. */
export async function vpcFor(ec2: EC2Client, accountId: string): Promise<string | undefined> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const own = Vpcs.filter(({ OwnerId = accountId }) => OwnerId === accountId);
  return (own.find(({ IsDefault }) => IsDefault) ?? own[0])?.VpcId;
}

/** Makes the canary's group, which nothing uses and which lets nobody in; its id. */
export async function makeGroup(ec2: EC2Client, canary: string, VpcId: string): Promise<string> {
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: canaryName + canary,
      Description: 'Portcullis: proves that ingress opened here is closed. Used by nothing; gone in minutes.',
      VpcId,
      TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: canaryTag, Value: canary }] }],
    }),
  );
  if (!GroupId) throw new Error('CreateSecurityGroup answered without the id of the group');
  return GroupId;
}

/** Opens the canary's port to the world. */
export async function openGroup(ec2: EC2Client, GroupId: string): Promise<void> {
  const range = { CidrIp: everybody, Description: 'Portcullis canary' };
  const permission = { IpProtocol: 'tcp', FromPort: canaryPort, ToPort: canaryPort, IpRanges: [range] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
}

/** Whether the canary's port is open to the world still, as EC2 lists it now. */
export async function isOpen(ec2: EC2Client, groupId: string): Promise<boolean> {
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] }),
  );
  return SecurityGroupRules.some(
    ({ IsEgress, FromPort, CidrIpv4 }) => !IsEgress && FromPort === canaryPort && CidrIpv4 === everybody,
  );
}

/** Deletes one group; one that is gone is fine. */
export async function removeGroup(ec2: EC2Client, GroupId: string): Promise<void> {
  try {
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'InvalidGroup.NotFound')) throw error;
  }
}

/** What EC2 takes in one filter. */
const batch = 200;

/**
 * Deletes the groups of these canaries, those that are there, by tag and name; the ids of those whose group is known to
 * be gone, and why others are not. Idempotent.
 */
export async function removeGroups(
  ec2: EC2Client,
  canaries: readonly string[],
): Promise<{ gone: string[]; left: string[] }> {
  const left = new Map<string, string>();
  for (let at = 0; at < canaries.length; at += batch) {
    const Values = canaries.slice(at, at + batch);
    const { SecurityGroups = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: `tag:${canaryTag}`, Values }] }),
    );
    for (const { GroupId, GroupName, Tags = [] } of SecurityGroups) {
      const canary = Tags.find(({ Key }) => Key === canaryTag)?.Value ?? '';
      if (!GroupId || GroupName !== canaryName + canary) continue;
      try {
        await removeGroup(ec2, GroupId);
      } catch (error) {
        left.set(canary, `${GroupId}: ${reasonOf(error)}`);
      }
    }
  }
  return { gone: canaries.filter((id) => !left.has(id)), left: [...left.values()] };
}

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

/** World-open by every policy, so the canary is evaluated on the ordinary path. */
const anyIpv4 = '0.0.0.0/0';

/** The VPC for a canary's group: the default one, else any owned by the account; undefined without one. */
export async function vpcFor(ec2: EC2Client, accountId: string): Promise<string | undefined> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const own = Vpcs.filter(({ OwnerId = accountId }) => OwnerId === accountId);
  return (own.find(({ IsDefault }) => IsDefault) ?? own[0])?.VpcId;
}

/** Creates the canary's group, without rules and not used by anything, with the tags of the settings. Returns its id. */
export async function makeGroup(
  ec2: EC2Client,
  canary: string,
  VpcId: string,
  tags: Readonly<Record<string, string>> = {},
): Promise<string> {
  const Tags = Object.entries({ ...tags, [canaryTag]: canary }).map(([Key, Value]) => ({ Key, Value }));
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: canaryName + canary,
      Description:
        'Portcullis: tests that ingress opened here is revoked. Not in use; deleted within minutes.',
      VpcId,
      TagSpecifications: [{ ResourceType: 'security-group', Tags }],
    }),
  );
  if (!GroupId) throw new Error('CreateSecurityGroup returned no group id');
  return GroupId;
}

export async function openGroup(ec2: EC2Client, GroupId: string): Promise<void> {
  const range = { CidrIp: anyIpv4, Description: 'Portcullis canary' };
  const permission = { IpProtocol: 'tcp', FromPort: canaryPort, ToPort: canaryPort, IpRanges: [range] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
}

/** Whether EC2 still lists the canary's rule. */
export async function isOpen(ec2: EC2Client, groupId: string): Promise<boolean> {
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] }),
  );
  return SecurityGroupRules.some(
    ({ IsEgress, FromPort, CidrIpv4 }) => !IsEgress && FromPort === canaryPort && CidrIpv4 === anyIpv4,
  );
}

/** Idempotent. */
export async function removeGroup(ec2: EC2Client, GroupId: string): Promise<void> {
  try {
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'InvalidGroup.NotFound')) throw error;
  }
}

/** EC2's limit of values in one filter. */
const batch = 200;

/** Returns the canaries that have no group now, and the errors of the others. Idempotent. */
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

import {
  AttachPolicyCommand,
  CreatePolicyCommand,
  DetachPolicyCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { Sandbox } from '../../sandbox/sandbox.ts';

interface RegionDeny {
  readonly allowed: readonly string[];
  /** ARNs of principals that it does not bind. */
  readonly exempt?: readonly string[];
}

/**
 * A short form of the Region deny control of AWS Control Tower. Source: "Deny access to AWS based on the requested AWS
 * Region", AWS Control Tower controls reference, of which these are the exempted actions that Portcullis uses.
 */
export const regionDeny = ({ allowed, exempt = [] }: RegionDeny): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'GRREGIONDENY',
        Effect: 'Deny',
        NotAction: ['ec2:DescribeRegions', 'iam:*', 'organizations:*', 'sts:*', 'cloudtrail:LookupEvents'],
        Resource: '*',
        Condition: {
          StringNotEquals: { 'aws:RequestedRegion': allowed },
          ArnNotLike: {
            'aws:PrincipalArn': ['arn:*:iam::*:role/AWSControlTowerExecution', ...exempt],
          },
        },
      },
    ],
  });

/** Attaches a service control policy; the answer detaches it again. */
export async function attachPolicy(sandbox: Sandbox, TargetId: string, Content: string) {
  const { managementAccountId } = sandbox.organization;
  const client = new OrganizationsClient(sandbox.root(managementAccountId, 'us-east-1'));
  const { Policy } = await client.send(
    new CreatePolicyCommand({
      Content,
      Description: '',
      Name: `policy-${crypto.randomUUID()}`,
      Type: 'SERVICE_CONTROL_POLICY',
    }),
  );
  const PolicyId = Policy?.PolicySummary?.Id;
  await client.send(new AttachPolicyCommand({ PolicyId, TargetId }));
  return {
    arn: Policy?.PolicySummary?.Arn ?? '',
    detach: () => client.send(new DetachPolicyCommand({ PolicyId, TargetId })),
  };
}

export const scpWords =
  'User: arn:aws:sts::300000000001:assumed-role/Access/portcullis is not authorized to perform: x:Y with an explicit deny in a service control policy';

/** Throws what AWS says where a service control policy denies the cell. */
export function refuseDenied(
  world: { readonly denied: ReadonlySet<string>; readonly deniedCalls: string[] },
  command: string,
  cell: string,
): void {
  if (!world.denied.has(cell)) return;
  world.deniedCalls.push(`${command} ${cell}`);
  throw new Error(scpWords);
}

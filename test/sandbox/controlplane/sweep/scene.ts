import { readFile } from 'node:fs/promises';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  type IpPermission,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Sandbox } from '../../../../sandbox/sandbox.ts';

export const [shop, payments, shopDevelopment, paymentsDevelopment, playground] = [
  ...['300000000001', '300000000002', '300000000003', '300000000004', '300000000005'],
] as [string, string, string, string, string];
export const management = '111111111111';
export const region = 'eu-west-1';

export const ssh: IpPermission = {
  ...{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22 },
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
};

export const document = async (name: string) =>
  JSON.parse(await readFile(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')) as {
    Version: string;
    Statement: { Sid: string; Effect: string; Action: string | string[]; Resource: string }[];
  };

/** A user of the management account with a policy; its credentials as the SDK's environment. */
export async function makeUser(sandbox: Sandbox, UserName: string, policy: object) {
  const iam = new IAMClient(sandbox.root(management));
  await iam.send(new CreateUserCommand({ UserName }));
  await setUserPolicy(sandbox, UserName, policy);
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    AWS_ENDPOINT_URL: sandbox.endpoint,
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

export async function setUserPolicy(sandbox: Sandbox, UserName: string, policy: object): Promise<void> {
  const PolicyDocument = JSON.stringify(policy);
  const iam = new IAMClient(sandbox.root(management));
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'sweep', PolicyDocument }));
}

/** What a member account makes in the test Region, as its root user. */
export function builder(sandbox: Sandbox, accountId: string) {
  const ec2 = new EC2Client(sandbox.root(accountId, region));
  return {
    ec2,
    /** A group with ingress, in the default VPC or another. */
    async group(name: string, permission: IpPermission, VpcId?: string, tags: Record<string, string> = {}) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const { GroupId = '' } = await ec2.send(
        new CreateSecurityGroupCommand({
          ...{ GroupName: name, Description: name, VpcId },
          ...(Tags.length > 0 && { TagSpecifications: [{ ResourceType: 'security-group', Tags }] }),
        }),
      );
      await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
      return GroupId;
    },
    /** An instance with a group; without a subnet it is in the default one, which gives it a public address. */
    async instance(group: string, SubnetId?: string): Promise<string> {
      const run = { ImageId: 'ami-1', MinCount: 1, MaxCount: 1, SecurityGroupIds: [group], SubnetId };
      const { Instances = [] } = await ec2.send(new RunInstancesCommand(run));
      return Instances[0]?.InstanceId ?? '';
    },
    async elasticAddress(InstanceId: string): Promise<string> {
      const { AllocationId, PublicIp = '' } = await ec2.send(new AllocateAddressCommand({}));
      await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
      return PublicIp;
    },
    /** A VPC with one subnet, and a route to an internet gateway for `destination` where there is one. */
    async vpc(destination?: string): Promise<{ vpcId: string; subnetId: string }> {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.7.0.0/16' }));
      const VpcId = Vpc?.VpcId ?? '';
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.7.0.0/24' }));
      if (destination) {
        const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
        const GatewayId = InternetGateway?.InternetGatewayId ?? '';
        await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: GatewayId }));
        const Filters = [{ Name: 'vpc-id', Values: [VpcId] }];
        const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
        const RouteTableId = RouteTables[0]?.RouteTableId;
        await ec2.send(
          new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: destination }),
        );
      }
      return { vpcId: VpcId, subnetId: Subnet?.SubnetId ?? '' };
    },
    async prefixList(...cidrs: string[]): Promise<string> {
      const made = await ec2.send(
        new CreateManagedPrefixListCommand({
          ...{ PrefixListName: 'partners', AddressFamily: 'IPv4', MaxEntries: 5 },
          Entries: cidrs.map((Cidr) => ({ Cidr })),
        }),
      );
      return made.PrefixList?.PrefixListId ?? '';
    },
  };
}

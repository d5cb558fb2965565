import { CloudTrail, type LookupEventsCommandInput } from '@aws-sdk/client-cloudtrail';
import { EC2 } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

const [owner, participant, region] = ['111111111111', '222222222222', 'eu-west-1'];
let sandbox: Sandbox;
const ec2 = (accountId = owner) => new EC2(sandbox.root(accountId, region));

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
});
afterAll(() => sandbox?.stop());

/** A VPC with a subnet, not connected to anything. */
async function makeVpc(): Promise<{ VpcId: string; SubnetId: string }> {
  const { Vpc } = await ec2().createVpc({ CidrBlock: '10.1.0.0/16' });
  const VpcId = Vpc?.VpcId ?? '';
  const { Subnet } = await ec2().createSubnet({ VpcId, CidrBlock: '10.1.0.0/24' });
  return { VpcId, SubnetId: Subnet?.SubnetId ?? '' };
}

async function makeGroup(VpcId: string | undefined, name: string, accountId = owner): Promise<string> {
  const made = await ec2(accountId).createSecurityGroup({ GroupName: name, Description: name, VpcId });
  return made.GroupId ?? '';
}

const interfacesOf = async (group: string, accountId = owner) =>
  (await ec2(accountId).describeNetworkInterfaces({ Filters: [{ Name: 'group-id', Values: [group] }] }))
    .NetworkInterfaces ?? [];

describe('pages', () => {
  const page = (input: { MaxResults?: number; NextToken?: string; GroupIds?: string[] }) =>
    ec2().describeSecurityGroups(input);

  test('the next page starts where the last one ended', async () => {
    for (let number = 0; number < 11; number += 1) await makeGroup(undefined, `page-${number}`);
    const { SecurityGroups: all = [] } = await page({});
    const listed: string[] = [];
    let NextToken: string | undefined;
    do {
      const answer = await page({ MaxResults: 5, ...(NextToken && { NextToken }) });
      listed.push(...(answer.SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId));
      NextToken = answer.NextToken;
    } while (NextToken);
    expect(listed).toEqual(all.map(({ GroupId }) => GroupId));
    expect(listed.length).toBeGreaterThan(10);
  });

  test.each([4, 1001])('a page of %s is refused', async (MaxResults) => {
    await expect(page({ MaxResults })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  test('a token is valid for the request that returned it only', async () => {
    const { NextToken = '' } = await page({ MaxResults: 5 });
    const other = page({ MaxResults: 5, NextToken, GroupIds: [await makeGroup(undefined, 'other')] });
    await expect(other).rejects.toMatchObject({ name: 'InvalidPaginationToken' });
    await expect(page({ MaxResults: 5, NextToken: 'NQ==' })).rejects.toMatchObject({
      name: 'InvalidPaginationToken',
    });
  });
});

describe('network interfaces', () => {
  test('an instance in the default subnet starts with a public one that has its groups', async () => {
    const group = await makeGroup(undefined, 'instance');
    const run = { ImageId: 'ami-1', MinCount: 1, MaxCount: 1, SecurityGroupIds: [group] };
    const { Instances = [] } = await ec2().runInstances(run);
    const [face] = await interfacesOf(group);
    expect(face).toMatchObject({
      Status: 'in-use',
      Association: { PublicIp: expect.stringMatching(/^\d+\./) },
    });
    await ec2().terminateInstances({ InstanceIds: [Instances[0]?.InstanceId ?? ''] });
    expect(await interfacesOf(group)).toEqual([]);
  });

  test('an Elastic IP address and IPv6 addresses are listed with the interface', async () => {
    const { VpcId, SubnetId } = await makeVpc();
    const group = await makeGroup(VpcId, 'face');
    const made = await ec2().createNetworkInterface({
      SubnetId,
      Groups: [group],
      Ipv6Addresses: [{ Ipv6Address: '2600:1f18::5' }],
    });
    const NetworkInterfaceId = made.NetworkInterface?.NetworkInterfaceId;
    const { AllocationId, PublicIp } = await ec2().allocateAddress({});
    await ec2().associateAddress({ AllocationId, NetworkInterfaceId });
    expect(await interfacesOf(group)).toMatchObject([
      {
        ...{ NetworkInterfaceId, SubnetId, VpcId, Status: 'available', Association: { PublicIp } },
        PrivateIpAddresses: [{ Association: { PublicIp } }],
        Ipv6Addresses: [{ Ipv6Address: '2600:1f18::5' }],
      },
    ]);
  });

  test('a group of another VPC, and a subnet that does not exist, are refused', async () => {
    const { SubnetId } = await makeVpc();
    const elsewhere = await makeGroup(undefined, 'elsewhere');
    const make = (input: { SubnetId: string; Groups?: string[] }) => ec2().createNetworkInterface(input);
    await expect(make({ SubnetId, Groups: [elsewhere] })).rejects.toMatchObject({
      name: 'InvalidGroup.NotFound',
    });
    await expect(make({ SubnetId: 'subnet-0' })).rejects.toMatchObject({ name: 'InvalidSubnetID.NotFound' });
  });
});

describe('routes to the internet', () => {
  test('a gateway must be attached to the VPC; IPv6 destinations are kept', async () => {
    const { VpcId } = await makeVpc();
    const filter = { Filters: [{ Name: 'vpc-id', Values: [VpcId] }] };
    const [table] = (await ec2().describeRouteTables(filter)).RouteTables ?? [];
    const { InternetGateway } = await ec2().createInternetGateway({});
    const GatewayId = InternetGateway?.InternetGatewayId ?? '';
    const route = { RouteTableId: table?.RouteTableId, DestinationIpv6CidrBlock: '::/0', GatewayId };
    await expect(ec2().createRoute(route)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    await ec2().attachInternetGateway({ VpcId, InternetGatewayId: GatewayId });
    await ec2().createRoute(route);
    const [later] = (await ec2().describeRouteTables(filter)).RouteTables ?? [];
    expect(later?.Routes).toContainEqual(
      expect.objectContaining({ DestinationIpv6CidrBlock: '::/0', GatewayId }),
    );
  });

  test('the default VPC has one from the start', async () => {
    const { RouteTables = [] } = await ec2(participant).describeRouteTables({});
    const routes = RouteTables.flatMap(({ Routes = [] }) => Routes);
    expect(routes).toContainEqual(expect.objectContaining({ DestinationCidrBlock: '0.0.0.0/0' }));
  });
});

test('VPC Block Public Access: off at first, then a mode, with exclusions that stay listed when deleted', async () => {
  const options = async () =>
    (await ec2().describeVpcBlockPublicAccessOptions({})).VpcBlockPublicAccessOptions;
  expect(await options()).toMatchObject({ InternetGatewayBlockMode: 'off', State: 'default-state' });
  const mode = { InternetGatewayBlockMode: 'block-ingress' } as const;
  await ec2().modifyVpcBlockPublicAccessOptions(mode);
  expect(await options()).toMatchObject({ ...mode, State: 'update-complete' });
  const { VpcId } = await makeVpc();
  const exclusion = { VpcId, InternetGatewayExclusionMode: 'allow-bidirectional' } as const;
  const made = await ec2().createVpcBlockPublicAccessExclusion(exclusion);
  await expect(ec2().createVpcBlockPublicAccessExclusion(exclusion)).rejects.toThrow();
  const ExclusionId = made.VpcBlockPublicAccessExclusion?.ExclusionId;
  await ec2().deleteVpcBlockPublicAccessExclusion({ ExclusionId });
  const listed = await ec2().describeVpcBlockPublicAccessExclusions({ MaxResults: 5 });
  expect(listed.VpcBlockPublicAccessExclusions).toMatchObject([{ ExclusionId, State: 'delete-complete' }]);
});

test('a shared subnet: the participant uses it, and the owner sees what is in it', async () => {
  const { VpcId, SubnetId } = await makeVpc();
  await sandbox.shareSubnet({ accountId: owner, region, subnetId: SubnetId, accounts: [participant] });
  const group = await makeGroup(VpcId, 'participant', participant);
  await ec2(participant).createNetworkInterface({ SubnetId, Groups: [group] });
  const filter = { Filters: [{ Name: 'subnet-id', Values: [SubnetId] }] };
  const { Subnets } = await ec2(participant).describeSubnets(filter);
  expect(Subnets).toMatchObject([{ SubnetId, VpcId, OwnerId: owner }]);
  const { SecurityGroups } = await ec2().describeSecurityGroups({ MaxResults: 1000 });
  expect(SecurityGroups).toContainEqual(expect.objectContaining({ GroupId: group, OwnerId: participant }));
  expect(await interfacesOf(group)).toMatchObject([{ SubnetId, OwnerId: participant }]);
  const stranger = await ec2('333333333333').describeSubnets(filter);
  expect(stranger.Subnets).toEqual([]);
});

describe('the event history', () => {
  const lookUp = (input: LookupEventsCommandInput, accountId = owner) =>
    new CloudTrail(sandbox.root(accountId, region)).lookupEvents(input);
  const byName = (AttributeValue: string) => [{ AttributeKey: 'EventName' as const, AttributeValue }];

  test('has calls of the account, newest first and without any trail', async () => {
    const group = await makeGroup(undefined, 'history');
    for (const port of [22, 3389])
      await ec2().authorizeSecurityGroupIngress({
        GroupId: group,
        IpPermissions: [
          { IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        ],
      });
    await sandbox.idle();
    const LookupAttributes = byName('AuthorizeSecurityGroupIngress');
    const first = await lookUp({ LookupAttributes, MaxResults: 1 });
    const second = await lookUp({ LookupAttributes, MaxResults: 1, NextToken: first.NextToken });
    const ports = [first, second].map(
      ({ Events = [] }) => /"fromPort":(\d+)/.exec(Events[0]?.CloudTrailEvent ?? '')?.[1],
    );
    expect(ports).toEqual(['3389', '22']);
    expect((await lookUp({ LookupAttributes }, participant)).Events).toEqual([]);
  });

  test('refuses two attributes, a page of 51 and a token of another question', async () => {
    const two = [...byName('CreateSecurityGroup'), ...byName('CreateTags')];
    await expect(lookUp({ LookupAttributes: two })).rejects.toMatchObject({
      name: 'InvalidLookupAttributesException',
    });
    await expect(lookUp({ MaxResults: 51 })).rejects.toMatchObject({ name: 'InvalidMaxResultsException' });
    const { NextToken } = await lookUp({ MaxResults: 1 });
    const other = lookUp({ MaxResults: 1, NextToken, LookupAttributes: byName('CreateTags') });
    await expect(other).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
  });
});

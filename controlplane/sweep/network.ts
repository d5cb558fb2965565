import {
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcBlockPublicAccessExclusionsCommand,
  DescribeVpcBlockPublicAccessOptionsCommand,
  type EC2Client,
  type VpcBlockPublicAccessExclusion,
} from '@aws-sdk/client-ec2';
import { type BlockPublicAccess, blockPublicAccess } from './block-public-access.ts';
import type { SubnetNetwork } from './exposure.ts';
import { type NetworkInterface, networkInterface } from './interfaces.ts';
import { everyMatch, everyPage, isUnread, orUnread, patiently, type Unread } from './patience.ts';
import { routeTable } from './routes.ts';
import { pageSize } from './rules.ts';

/** EC2 with the credentials of an account, in the Region of the cell. */
export type Ec2Of = (accountId: string) => Promise<EC2Client>;

/** The network interfaces of each group; a group without any has an empty list. @throws when any page fails */
export async function readInterfaces(
  ec2: EC2Client,
  groupIds: readonly string[],
): Promise<Map<string, NetworkInterface[]>> {
  const found = new Map<string, NetworkInterface[]>(groupIds.map((id) => [id, []]));
  const listed = await everyMatch('group-id', groupIds, async (asked) => {
    const page = await ec2.send(new DescribeNetworkInterfacesCommand({ ...asked, MaxResults: pageSize }));
    return { items: page.NetworkInterfaces, next: page.NextToken };
  });
  for (const each of listed) {
    const face = networkInterface(each);
    for (const { GroupId = '' } of each.Groups ?? []) found.get(GroupId)?.push(face);
  }
  return found;
}

const readSubnets = (ec2: EC2Client, ids: readonly string[]) =>
  everyMatch('subnet-id', ids, async (asked) => {
    const page = await ec2.send(new DescribeSubnetsCommand({ ...asked, MaxResults: pageSize }));
    return { items: page.Subnets, next: page.NextToken };
  });

const readTables = (ec2: EC2Client, vpcIds: readonly string[]) =>
  everyMatch('vpc-id', vpcIds, async (asked) => {
    // Its largest page is 100.
    const page = await ec2.send(new DescribeRouteTablesCommand({ ...asked, MaxResults: 100 }));
    return { items: page.RouteTables?.map(routeTable), next: page.NextToken };
  });

async function readExclusions(ec2: EC2Client): Promise<VpcBlockPublicAccessExclusion[]> {
  const exclusions: VpcBlockPublicAccessExclusion[] = [];
  await everyPage(
    async (NextToken) => {
      const asked = { MaxResults: pageSize, NextToken };
      const page = await ec2.send(new DescribeVpcBlockPublicAccessExclusionsCommand(asked));
      return { items: page.VpcBlockPublicAccessExclusions, next: page.NextToken };
    },
    (items) => void exclusions.push(...items),
  );
  return exclusions;
}

/** The exclusions are read only where something is blocked. @throws when the options cannot be read */
async function readBlockPublicAccess(ec2: EC2Client): Promise<BlockPublicAccess> {
  const { VpcBlockPublicAccessOptions: options = {} } = await patiently(() =>
    ec2.send(new DescribeVpcBlockPublicAccessOptionsCommand({})),
  );
  if (options.InternetGatewayBlockMode === 'off') return blockPublicAccess(options, []);
  const what = 'the exclusions of VPC Block Public Access';
  return blockPublicAccess(options, await orUnread(what, () => readExclusions(ec2)));
}

/**
 * The way to the internet of subnets, as far as it can be read. The network of a shared subnet is read in the account
 * that owns its VPC: only there are all of its route tables, and its Block Public Access counts. Never throws.
 */
export async function readNetworks(
  ec2Of: Ec2Of,
  accountId: string,
  subnetIds: readonly string[],
): Promise<Map<string, SubnetNetwork | Unread>> {
  if (subnetIds.length === 0) return new Map();
  const listed = await orUnread('the subnets', async () => readSubnets(await ec2Of(accountId), subnetIds));
  if (isUnread(listed)) return new Map(subnetIds.map((id) => [id, listed]));
  const networks = new Map<string, SubnetNetwork | Unread>();
  for (const [owner, subnets] of Map.groupBy(listed, ({ OwnerId = accountId }) => OwnerId)) {
    const of = owner === accountId ? '' : ` of account ${owner}, which owns the VPC,`;
    const vpcIds = [...new Set(subnets.map(({ VpcId = '' }) => VpcId))];
    const [tables, block] = await Promise.all([
      orUnread(`the route tables${of}`, async () => readTables(await ec2Of(owner), vpcIds)),
      orUnread(`VPC Block Public Access${of}`, async () => readBlockPublicAccess(await ec2Of(owner))),
    ]);
    for (const { SubnetId = '', VpcId: vpcId = '' } of subnets)
      networks.set(SubnetId, { vpcId, tables, blockPublicAccess: block });
  }
  return networks;
}

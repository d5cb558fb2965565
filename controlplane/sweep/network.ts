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
import { everyPage, inParts, isUnread, orUnread, patiently, type Unread } from './patience.ts';
import { type RouteTable, routeTable } from './routes.ts';
import { filterValues, pageSize } from './rules.ts';

/** EC2 with the credentials of an account, in the Region of the cell. */
export type Ec2Of = (accountId: string) => Promise<EC2Client>;

/** The network interfaces of each group; a group without any has an empty list. @throws when any page fails */
export async function readInterfaces(
  ec2: EC2Client,
  groupIds: readonly string[],
): Promise<Map<string, NetworkInterface[]>> {
  const found = new Map<string, NetworkInterface[]>(groupIds.map((id) => [id, []]));
  for (const Values of inParts(groupIds, filterValues)) {
    const Filters = [{ Name: 'group-id', Values }];
    await everyPage(
      async (NextToken) => {
        const asked = { Filters, MaxResults: pageSize, NextToken };
        const page = await ec2.send(new DescribeNetworkInterfacesCommand(asked));
        return { items: page.NetworkInterfaces ?? [], next: page.NextToken };
      },
      (items) => {
        for (const listed of items) {
          const face = networkInterface(listed);
          for (const { GroupId = '' } of listed.Groups ?? []) found.get(GroupId)?.push(face);
        }
      },
    );
  }
  return found;
}

interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly ownerId: string;
}

async function readSubnets(ec2: EC2Client, ids: readonly string[], accountId: string): Promise<Subnet[]> {
  const subnets: Subnet[] = [];
  for (const Values of inParts(ids, filterValues)) {
    const Filters = [{ Name: 'subnet-id', Values }];
    await everyPage(
      async (NextToken) => {
        const page = await ec2.send(new DescribeSubnetsCommand({ Filters, MaxResults: pageSize, NextToken }));
        return { items: page.Subnets ?? [], next: page.NextToken };
      },
      (items) => {
        for (const { SubnetId: id = '', VpcId: vpcId = '', OwnerId: ownerId = accountId } of items)
          subnets.push({ id, vpcId, ownerId });
      },
    );
  }
  return subnets;
}

async function readTables(ec2: EC2Client, vpcIds: readonly string[]): Promise<RouteTable[]> {
  const tables: RouteTable[] = [];
  for (const Values of inParts(vpcIds, filterValues)) {
    const Filters = [{ Name: 'vpc-id', Values }];
    await everyPage(
      async (NextToken) => {
        // Its largest page is 100.
        const page = await ec2.send(new DescribeRouteTablesCommand({ Filters, MaxResults: 100, NextToken }));
        return { items: page.RouteTables ?? [], next: page.NextToken };
      },
      (items) => void tables.push(...items.map(routeTable)),
    );
  }
  return tables;
}

async function readExclusions(ec2: EC2Client): Promise<VpcBlockPublicAccessExclusion[]> {
  const exclusions: VpcBlockPublicAccessExclusion[] = [];
  await everyPage(
    async (NextToken) => {
      const asked = { MaxResults: pageSize, NextToken };
      const page = await ec2.send(new DescribeVpcBlockPublicAccessExclusionsCommand(asked));
      return { items: page.VpcBlockPublicAccessExclusions ?? [], next: page.NextToken };
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
  const listed = await orUnread('the subnets', async () =>
    readSubnets(await ec2Of(accountId), subnetIds, accountId),
  );
  if (isUnread(listed)) return new Map(subnetIds.map((id) => [id, listed]));
  const networks = new Map<string, SubnetNetwork | Unread>();
  for (const [owner, subnets] of Map.groupBy(listed, ({ ownerId }) => ownerId)) {
    const of = owner === accountId ? '' : ` of account ${owner}, which owns the VPC,`;
    const vpcIds = [...new Set(subnets.map(({ vpcId }) => vpcId))];
    const [tables, block] = await Promise.all([
      orUnread(`the route tables${of}`, async () => readTables(await ec2Of(owner), vpcIds)),
      orUnread(`VPC Block Public Access${of}`, async () => readBlockPublicAccess(await ec2Of(owner))),
    ]);
    for (const { id, vpcId } of subnets) networks.set(id, { vpcId, tables, blockPublicAccess: block });
  }
  return networks;
}

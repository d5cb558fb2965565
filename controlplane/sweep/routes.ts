import type { RouteTable as ListedTable, Route } from '@aws-sdk/client-ec2';
import { isPublic, parseCidr } from '../../lambda/policy/addresses/cidr.ts';

export type Family = 4 | 6;

export interface RouteTable {
  readonly id: string;
  readonly vpcId: string;
  readonly main: boolean;
  readonly subnetIds: readonly string[];
  /** Routes to internet gateways; all others are left out. */
  readonly internet: readonly InternetRoute[];
}

interface InternetRoute {
  readonly gateway: string;
  /** An address range, or the id of a prefix list. */
  readonly destination: string;
  readonly active: boolean;
}

/** Whether a subnet routes to the internet: the answer may be in doubt. */
export interface Way {
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly why: string;
}

/**
 * A route counts as the way to the internet when it is at least this wide. A narrower one leads to some addresses only,
 * and who is behind them is not known here.
 */
const longestWide: Readonly<Record<Family, number>> = { 4: 8, 6: 8 };

function internetRoute(route: Route): InternetRoute[] {
  const { GatewayId = '', State } = route;
  const destination =
    route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId;
  if (!GatewayId.startsWith('igw-') || destination === undefined) return [];
  return [{ gateway: GatewayId, destination, active: State !== 'blackhole' }];
}

/** What a listed route table says about the way to the internet. */
export function routeTable({
  RouteTableId = '',
  VpcId = '',
  Associations = [],
  Routes = [],
}: ListedTable): RouteTable {
  const inEffect = Associations.filter(
    ({ AssociationState }) => !/^(disassociat|failed)/.test(AssociationState?.State ?? ''),
  );
  return {
    id: RouteTableId,
    vpcId: VpcId,
    main: inEffect.some(({ Main }) => Main === true),
    subnetIds: inEffect.flatMap(({ SubnetId }) => (SubnetId ? [SubnetId] : [])),
    internet: Routes.flatMap(internetRoute),
  };
}

/** The table that a subnet uses: the one that is associated with it, else the main one of its VPC. */
export function tableOf(
  { subnetId, vpcId }: { readonly subnetId: string; readonly vpcId: string },
  tables: readonly RouteTable[],
): RouteTable | undefined {
  return (
    tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}

/** A table may have a thousand routes, and every finding behind it has the sentence. */
const namedRoutes = 5;

const familyOf = (destination: string): Family | undefined => parseCidr(destination)?.family;

/** Whether a route table leads to the internet for one address family. Pure. */
export function wayToInternet(table: RouteTable | undefined, family: Family): Way {
  if (!table) return { answer: 'unknown', why: 'its route table was not listed' };
  const routes = table.internet.filter(({ destination }) => (familyOf(destination) ?? family) === family);
  const active = routes.filter((route) => route.active);
  const wide = active.find(({ destination }) => {
    const cidr = parseCidr(destination);
    return cidr !== undefined && cidr.length <= longestWide[family] && isPublic(cidr);
  });
  if (wide) return { answer: 'yes', why: `${table.id} routes ${wide.destination} to ${wide.gateway}` };
  const [narrow] = active;
  if (narrow) {
    const named = active.slice(0, namedRoutes).map(({ destination }) => destination);
    const more = active.length > named.length ? ` and ${active.length - named.length} more` : '';
    const why = `${table.id} routes only ${named.join(', ')}${more} to ${narrow.gateway}`;
    return { answer: 'unknown', why };
  }
  const [dead] = routes;
  if (dead) return { answer: 'no', why: `${table.id} routes to ${dead.gateway}, which is not attached` };
  return { answer: 'no', why: `${table.id} has no IPv${family} route to an internet gateway` };
}

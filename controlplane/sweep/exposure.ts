import { isPublic, parseCidr } from '../../lambda/policy/addresses/cidr.ts';
import type { PrefixList, SecurityGroupRule } from '../../lambda/policy/security-group.ts';
import type { ObservedFinding } from '../store/findings/finding.ts';
import { type BlockPublicAccess, isInboundBlocked } from './block-public-access.ts';
import type { NetworkInterface } from './interfaces.ts';
import { isUnread, type Unread } from './patience.ts';
import { type Family, type RouteTable, tableOf, wayToInternet } from './routes.ts';

type ObservedExposure = ObservedFinding['exposure'];

/** What was read about a subnet with a public address in it. */
export interface SubnetNetwork {
  readonly vpcId: string;
  readonly tables: readonly RouteTable[] | Unread;
  readonly blockPublicAccess: BlockPublicAccess | Unread;
}

/** What was read about a group: the interfaces that have it, and the networks of those with a public address. */
export interface Attachment {
  readonly interfaces: readonly NetworkInterface[] | Unread;
  readonly subnets: ReadonlyMap<string, SubnetNetwork | Unread>;
}

/** A finding lists at most this many addresses. */
const listedAddresses = 20;
const notJudged = 'load balancers and network ACLs are not evaluated';

/** The address families from which a source admits public addresses; both where the source is not known. Pure. */
export function familiesOf(
  { kind, text }: SecurityGroupRule['source'],
  prefixLists: ReadonlyMap<string, PrefixList>,
): readonly Family[] {
  if (kind === 'group') return [];
  if (kind === 'unknown') return [4, 6];
  const list = kind === 'prefix-list' ? prefixLists.get(text) : { kind: 'entries', cidrs: [text] };
  if (!list || !('cidrs' in list)) return [4, 6];
  const ranges = list.cidrs.map(parseCidr);
  if (ranges.includes(undefined)) return [4, 6];
  const open = ranges.filter((range) => range !== undefined && isPublic(range));
  return ([4, 6] as const).filter((family) => open.some((range) => range?.family === family));
}

interface Answer {
  readonly level: 'reachable' | 'unknown' | 'attached';
  readonly why: string;
}

/** One public address of an interface, judged. */
function judge(face: NetworkInterface, address: string, family: Family, { subnets }: Attachment): Answer {
  const where = `${address} on ${face.id}`;
  if (!face.inUse) return { level: 'attached', why: `${where}: the interface is attached to nothing` };
  if (face.denied) return { level: 'attached', why: `${where}: EC2 denies its internet gateway traffic` };
  const network = subnets.get(face.subnetId) ?? { unread: `subnet ${face.subnetId} was not listed` };
  if (isUnread(network)) return { level: 'unknown', why: `${where}: ${network.unread}` };
  const { vpcId, tables, blockPublicAccess: block } = network;
  if (isUnread(tables)) return { level: 'unknown', why: `${where}: ${tables.unread}` };
  const place = { subnetId: face.subnetId, vpcId };
  const way = wayToInternet(tableOf(place, tables), family);
  if (way.answer === 'no') return { level: 'attached', why: `${where}: ${way.why}` };
  if (isUnread(block)) return { level: 'unknown', why: `${where}: ${block.unread}` };
  const blocked = isInboundBlocked(block, place);
  if (blocked.answer === 'yes') return { level: 'attached', why: `${where}: ${blocked.why}` };
  if (way.answer === 'unknown') return { level: 'unknown', why: `${where}: ${way.why}` };
  if (blocked.answer === 'unknown') return { level: 'unknown', why: `${where}: ${blocked.why}` };
  return { level: 'reachable', why: `${where}: ${way.why}, and ${blocked.why}` };
}

const counted = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;

const sorted = (addresses: readonly string[]) => [...new Set(addresses)].sort().slice(0, listedAddresses);

/** An interface with an address of a way in that is not judged. */
function unjudged(interfaces: readonly NetworkInterface[]): Answer[] {
  return interfaces
    .filter(({ inUse }) => inUse)
    .flatMap(({ id, other }) =>
      other.map((address) => ({
        level: 'unknown' as const,
        why: `${address} on ${id}: carrier and customer-owned addresses are not judged`,
      })),
    );
}

function judged(
  interfaces: readonly NetworkInterface[],
  families: readonly Family[],
  attachment: Attachment,
): ObservedExposure {
  const found = interfaces.flatMap((face) =>
    families.flatMap((family) =>
      face.public[family].map((address) => ({ address, ...judge(face, address, family, attachment) })),
    ),
  );
  const reachable = found.filter(({ level }) => level === 'reachable');
  const addresses = sorted((reachable.length > 0 ? reachable : found).map(({ address }) => address));
  const doubts = [...found.filter(({ level }) => level === 'unknown'), ...unjudged(interfaces)];
  // By address, so that the same network gives the same text in any order of the responses.
  const first = (answers: readonly Answer[]) => answers.map(({ why }) => why).sort()[0] ?? '';
  if (reachable.length > 0) return { level: 'reachable', why: first(reachable), addresses };
  if (doubts.length > 0) return { level: 'unknown', why: first(doubts), addresses };
  const faces = `attached to ${counted(interfaces.length, 'network interface')}`;
  const why =
    found.length > 0 ? first(found) : `no public IPv${families.join(' or IPv')} address on any of them`;
  return { level: 'attached', why: `${faces}; ${why}; ${notJudged}`, addresses };
}

/**
 * How near the internet a group is for a rule that admits these address families. `reachable`: a public address of
 * the family, on a route to an internet gateway, which VPC Block Public Access does not block. Doubt is `unknown`. Pure.
 */
export function exposureOf(families: readonly Family[], attachment: Attachment): ObservedExposure {
  const { interfaces } = attachment;
  if (isUnread(interfaces)) return { level: 'unknown', why: interfaces.unread, addresses: [] };
  if (interfaces.length === 0)
    return { level: 'unattached', why: 'no network interface has the group', addresses: [] };
  if (families.length > 0) return judged(interfaces, families, attachment);
  const faces = `attached to ${counted(interfaces.length, 'network interface')}`;
  return { level: 'attached', why: `${faces}; the source admits no public address`, addresses: [] };
}

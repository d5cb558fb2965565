import type { PrefixList, SecurityGroupRule } from '../policy/security-group.ts';
import type { Clock } from './clock.ts';
import type { Member } from './cloud.ts';
import { describeError, errorClassOf } from './errors.ts';
import type { IsCovered } from './owners.ts';
import { everyPage } from './pages.ts';

/** An edit of a prefix list takes effect moments after the call. The list is read again after each of these waits. */
const looks = [0, 500, 1_000, 2_000, 4_000];

/**
 * The current content of every prefix list that ingress rules name. A list that cannot be read is `unknown` with the
 * reason. @throws what a retry can fix, for example an edit that is still in progress.
 */
export async function resolvePrefixLists(
  member: Member,
  rules: readonly SecurityGroupRule[],
  clock: Clock,
  isCovered: IsCovered,
): Promise<Map<string, PrefixList>> {
  const named = rules.filter(({ egress, source }) => !egress && source.kind === 'prefix-list');
  const ids = new Set(named.map(({ source }) => source.text));
  const resolved = new Map<string, PrefixList>();
  for (const id of ids) resolved.set(id, await resolve(member, id, clock, isCovered));
  return resolved;
}

/** The groups of other accounts that use a shared prefix list of this account. */
export async function findUsersElsewhere(
  member: Member,
  prefixListId: string,
  owner: string,
): Promise<{ account: string; groupId: string }[]> {
  const users = await everyPage((token) => member.prefixListAssociations(prefixListId, token));
  return users.flatMap(({ ResourceId = '', ResourceOwner: account = '' }) =>
    /^sg-[0-9a-zA-Z]+$/.test(ResourceId) && /^\d{12}$/.test(account) && account !== owner
      ? [{ account, groupId: ResourceId }]
      : [],
  );
}

/** The prefix lists that an IPAM prefix list resolver writes to, with their Regions. */
export async function findResolverLists(
  member: Member,
  resolverId: string,
): Promise<{ prefixListId: string; region: string | null }[]> {
  const targets = await everyPage((token) => member.resolverTargets(resolverId, token));
  return targets.flatMap(({ PrefixListId, PrefixListRegion = null }) =>
    PrefixListId ? [{ prefixListId: PrefixListId, region: PrefixListRegion }] : [],
  );
}

async function resolve(member: Member, id: string, clock: Clock, isCovered: IsCovered): Promise<PrefixList> {
  try {
    const list = await settled(member, id, clock);
    if (list.OwnerId === 'AWS') return { kind: 'aws', name: list.PrefixListName ?? 'a list of AWS' };
    const entries = await everyPage((token) => member.prefixListEntries(id, token));
    const { OwnerId = '' } = list;
    return {
      kind: 'entries',
      cidrs: entries.map(({ Cidr }) => Cidr ?? ''),
      ...(!(await isCovered(OwnerId)) && { unseenOwner: OwnerId }),
      ...((list.IpamPrefixListResolverTargetId || list.IpamPrefixListResolverSyncEnabled) && {
        synced: true,
      }),
    };
  } catch (error) {
    if (errorClassOf(error) === 'retryable') throw error;
    return { kind: 'unknown', reason: `could not be read: ${describeError(error)}` };
  }
}

/** The list after any edit in progress has finished: until then EC2 returns the old entries. */
async function settled(member: Member, id: string, clock: Clock) {
  for (const wait of looks) {
    if (wait > 0) await clock.sleep(wait);
    const { items } = await member.describePrefixList(id);
    const list = items.find(({ PrefixListId }) => PrefixListId === id);
    if (!list) throw new Error(`DescribeManagedPrefixLists answered without ${id}`);
    if (!list.State?.endsWith('-in-progress')) return list;
  }
  throw Object.assign(new Error(`prefix list ${id} is still being edited`), { $retryable: {} });
}

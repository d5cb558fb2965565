import { parseCidr } from './addresses/cidr.ts';
import { contains, merge } from './addresses/set.ts';
import type { PrefixList, SecurityGroupRule } from './security-group.ts';

/**
 * The ranges that are inside the rule's source, so that narrowing allows no new address. Only ranges of the source's
 * own family: `::/0` contains the IPv4-mapped addresses, but EC2 allows no IPv4 traffic by it.
 */
export function withinSource(
  narrowTo: readonly string[],
  { kind, text }: SecurityGroupRule['source'],
  prefixLists: ReadonlyMap<string, PrefixList>,
): string[] {
  const list = prefixLists.get(text);
  const entries = list?.kind === 'entries' ? list.cidrs : [];
  const open = merge((kind === 'cidr' ? [text] : entries).flatMap((each) => parseCidr(each) ?? []));
  return narrowTo.filter((each) => {
    const range = parseCidr(each);
    return range !== undefined && contains(open, range);
  });
}

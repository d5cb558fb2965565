import { parseCidr } from './addresses/cidr.ts';
import { contains, merge } from './addresses/set.ts';
import type { PrefixList, SecurityGroupRule } from './security-group.ts';

/**
 * Those of the ranges that the rule's source holds: narrowing lets nobody in who was not let in before. Of the
 * source's own family alone: `::/0` holds the IPv4-mapped addresses, and EC2 lets no IPv4 traffic in by it.
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

import { type Cidr, isPublic, mappedIpv4, parseCidr } from './addresses/cidr.ts';
import { isWiderThan, merge, overlap } from './addresses/set.ts';
import type { MatchClause } from './schema/match.ts';
import type { Policy } from './schema/policy.ts';
import type { Match, PrefixList, SecurityGroupRule, Situation, Source } from './security-group.ts';

type Listed = SecurityGroupRule['source'];
type Sources = NonNullable<MatchClause['sources']>;
export type PublicSources = NonNullable<Sources['public']>;

type Trust = Pick<Policy, 'trustAwsPrefixLists' | 'trustPrefixListOwners'>;

/** What a rule's source allows, as far as it is known. */
export function resolveSource({ kind, text, account }: Listed, situation: Situation, trust: Trust): Source {
  if (kind === 'group') return { kind, account: account ?? null };
  if (kind === 'unknown') return { kind, why: `the source ${text} has an unknown shape` };
  if (kind === 'cidr') return addresses([text], (cidr) => `${cidr} cannot be read as an address range`);
  const list = situation.prefixLists?.get(text) ?? { kind: 'unknown', reason: 'is not resolved' };
  if (list.kind === 'unknown') return { kind: 'unknown', why: `prefix list ${text} ${list.reason}` };
  if (list.kind === 'aws') {
    if (trust.trustAwsPrefixLists)
      return { kind: 'trusted', why: `prefix list ${text} is ${list.name}, kept by AWS` };
    return { kind: 'unknown', why: `prefix list ${text} is ${list.name}, which the policy does not trust` };
  }
  const source = addresses(list.cidrs, (cidr) => `${cidr} in prefix list ${text} cannot be read`);
  if (source.kind !== 'addresses' || !isUnseen(list, trust)) return source;
  const owner = `prefix list ${text} belongs to account ${list.unseenOwner}`;
  return { ...source, doubt: `${owner}, which is not covered: it can add any address, and no event tells` };
}

/** Whether the owner can change a prefix list without an event, and the policy does not trust that owner. */
export function isUnseen(list: PrefixList, { trustPrefixListOwners = [] }: Trust): boolean {
  if (list.kind !== 'entries' || list.unseenOwner === undefined) return false;
  return !trustPrefixListOwners.includes(list.unseenOwner);
}

function addresses(texts: readonly string[], complaint: (text: string) => string): Source {
  const ranges: Cidr[] = [];
  for (const text of texts) {
    const cidr = parseCidr(text);
    if (!cidr) return { kind: 'unknown', why: complaint(text) };
    ranges.push(...withMapped(cidr));
  }
  return { kind: 'addresses', ranges };
}

/** An IPv6 prefix that contains IPv4-mapped addresses counts as those too. */
function withMapped(cidr: Cidr): Cidr[] {
  const mapped = mappedIpv4(cidr);
  return mapped ? [cidr, mapped] : [cidr];
}

const kept = new WeakMap<readonly string[], Cidr[]>();

/** The ranges of a list in the policy; its schema accepts only valid ones. */
export function rangesOf(cidrs: readonly string[]): Cidr[] {
  const known = kept.get(cidrs);
  if (known) return known;
  const ranges = cidrs.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr ? withMapped(cidr) : [];
  });
  kept.set(cidrs, ranges);
  return ranges;
}

export interface Surroundings {
  account: string | undefined;
  /** The family in which the rule and the group's other rules together are too wide, if any. */
  widerTogether: () => 4 | 6 | undefined;
}

/** Whether a rule allows any source that the clause names. */
export function matchSources(
  sources: Sources | undefined,
  listed: Listed,
  source: Source,
  { account, widerTogether }: Surroundings,
): Match {
  const anything: Match = { match: 'yes', why: `${listed.text} is allowed` };
  if (!sources) return anything;
  const { public: limits, cidrs, prefixLists, groupsOfOtherAccounts, addressFamilies } = sources;
  const byAddress = (test: (ranges: Cidr[]) => Match) =>
    matchAddresses(listed, source, addressFamilies, test);
  const answers: Match[] = [];
  if (prefixLists) answers.push(matchPrefixLists(prefixLists, listed));
  if (limits) answers.push(byAddress((ranges) => matchPublic(limits, ranges, listed.text, widerTogether)));
  if (cidrs) answers.push(byAddress((ranges) => matchCidrs(cidrs, ranges, listed.text)));
  if (groupsOfOtherAccounts) answers.push(matchOtherAccounts(listed, source, account));
  if (answers.length === 0) answers.push(byAddress(() => anything));
  const pick = (wanted: Match['match']) => answers.find(({ match }) => match === wanted);
  return (
    pick('yes') ??
    pick('unknown') ?? { match: 'no', why: [...new Set(answers.map(({ why }) => why))].join('; ') }
  );
}

function matchAddresses(
  listed: Listed,
  source: Source,
  families: Sources['addressFamilies'],
  test: (ranges: Cidr[]) => Match,
): Match {
  if (source.kind === 'unknown') return { match: 'unknown', why: source.why };
  if (source.kind === 'trusted') return { match: 'no', why: source.why };
  if (source.kind === 'group')
    return { match: 'no', why: `${listed.text} is a security group, not an address range` };
  const ranges = ofFamilies(source.ranges, families);
  const none: Match = { match: 'no', why: `${listed.text} holds no address that is evaluated` };
  // A prefix list never changes its family.
  if (ranges.length === 0 && source.ranges.length > 0) return none;
  const answer = ranges.length === 0 ? none : test(ranges);
  if (answer.match !== 'no' || source.doubt === undefined) return answer;
  return { match: 'unknown', why: source.doubt };
}

export function ofFamilies(ranges: readonly Cidr[], families: Sources['addressFamilies']): Cidr[] {
  return ranges.filter(({ family }) => !families || families.includes(family === 4 ? 'ipv4' : 'ipv6'));
}

function matchPublic(
  limits: PublicSources,
  ranges: Cidr[],
  text: string,
  widerTogether: Surroundings['widerTogether'],
): Match {
  const wide = widerFamily(limits, ranges);
  if (wide) return { match: 'yes', why: `${text} is public and wider than ${limitText(limits, wide)}` };
  if (!ranges.some(isPublic)) return { match: 'no', why: `${text} is not public` };
  const together = limits.union ? widerTogether() : undefined;
  if (together) {
    const why = `${text} and others of the group's rules are public and together wider than ${limitText(limits, together)}`;
    return { match: 'yes', why };
  }
  return { match: 'no', why: `${text} is no wider than ${limitText(limits, ranges[0]?.family ?? 4)}` };
}

/** The family in which these ranges alone are wider than the limits, if any. */
export function widerFamily(limits: PublicSources, ranges: readonly Cidr[]): 4 | 6 | undefined {
  const counted = limits.union && ranges.length > 1 ? merge(ranges.filter(isPublic)) : [];
  return ([4, 6] as const).find(
    (family) =>
      ranges.some((range) => isWiderThan([range], family, limitOf(limits, family))) ||
      isWiderThan(counted, family, limitOf(limits, family)),
  );
}

export function limitOf(limits: PublicSources, family: 4 | 6): number {
  return family === 4 ? limits.ipv4WiderThan : limits.ipv6WiderThan;
}

function limitText(limits: PublicSources, family: 4 | 6): string {
  return `/${limitOf(limits, family)}`;
}

function matchCidrs(cidrs: readonly string[], ranges: Cidr[], text: string): Match {
  const named = rangesOf(cidrs);
  const hit = ranges.some((range) => named.some((each) => overlap(each, range)));
  return hit
    ? { match: 'yes', why: `${text} holds addresses that the policy names` }
    : { match: 'no', why: `${text} holds no address that the policy names` };
}

function matchPrefixLists(ids: readonly string[], { kind, text }: Listed): Match {
  if (kind === 'unknown') return { match: 'unknown', why: `the source ${text} has an unknown shape` };
  const hit = kind === 'prefix-list' && ids.includes(text);
  return {
    match: hit ? 'yes' : 'no',
    why: `${text} is ${hit ? 'a' : 'no'} prefix list that the policy names`,
  };
}

function matchOtherAccounts({ text }: Listed, source: Source, account: string | undefined): Match {
  if (source.kind === 'unknown') return { match: 'unknown', why: source.why };
  if (source.kind !== 'group') return { match: 'no', why: `${text} is no security group` };
  if (source.account === null || account === undefined)
    return { match: 'unknown', why: `whose security group ${text} is, is not known` };
  return source.account === account
    ? { match: 'no', why: `${text} is a security group of the same account` }
    : { match: 'yes', why: `${text} is a security group of account ${source.account}` };
}

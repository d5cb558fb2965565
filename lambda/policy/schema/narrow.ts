import { parseCidr } from '../addresses/cidr.ts';
import { isWiderThan, merge, overlap } from '../addresses/set.ts';
import type { MatchClause } from './match.ts';

interface Narrowing {
  mode: 'observe' | 'notify' | 'revoke';
  match: MatchClause;
  narrowTo?: readonly string[] | undefined;
}

/** Why a rule cannot narrow to its ranges: they must not match the same rule again. */
export function narrowMistake({ mode, match, narrowTo }: Narrowing): string | undefined {
  if (!narrowTo) return undefined;
  if (mode !== 'revoke') return 'only a rule in mode revoke can narrow; write mode: revoke';
  const { sources } = match;
  if (!sources) return 'the rule matches every source, and so these; name sources, such as public';
  const ranges = narrowTo.flatMap((text) => parseCidr(text) ?? []);
  const named = (sources.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
  const hit = ranges.find((range) => named.some((each) => overlap(each, range)));
  if (hit) return 'these ranges are among the sources of the same rule; leave them out';
  const limits = sources.public;
  if (!limits) return undefined;
  const sets = limits.union ? [merge(ranges)] : ranges.map((range) => [range]);
  const tooWide = sets.some(
    (set) => isWiderThan(set, 4, limits.ipv4WiderThan) || isWiderThan(set, 6, limits.ipv6WiderThan),
  );
  return tooWide ? 'these ranges are as wide as what the rule forbids; name narrower ones' : undefined;
}

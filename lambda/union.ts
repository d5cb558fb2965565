import { isWiderThan, merge, narrowestWider } from './address-set.ts';
import { type Cidr, isPublic, type Range } from './cidr.ts';
import { limitOf, type PublicSources } from './source.ts';
import { type Span, spanHolds, stretches } from './traffic.ts';

/** What one rule, narrow enough by itself, adds to what its group opens. */
export interface Contribution {
  ruleId: string;
  opened: Span;
  ranges: readonly Cidr[];
}

/**
 * The rules that only together let in more of the Internet than the limits say, each with the family in which they
 * do. Judged for every port by itself, over all the rules that open it. The narrowest of them stay where they are
 * within the limit by themselves: from the longest prefix on, the first length that exceeds it, and every shorter
 * one, offends. So an office's /32 is not closed because of somebody's /9s, and what is left is within the limit.
 */
export function widerTogether(
  contributions: readonly Contribution[],
  spans: readonly Span[],
  limits: PublicSources,
): Map<string, 4 | 6> {
  const offenders = new Map<string, 4 | 6>();
  for (const family of [4, 6] as const) {
    const length = limitOf(limits, family);
    const pieces = contributions.map((each) => ({
      ...each,
      ranges: each.ranges.filter((range) => range.family === family && isPublic(range)),
    }));
    const present = pieces.filter(({ ranges }) => ranges.length > 0);
    if (total(present) < narrowestWider(family, length)) continue;
    for (const members of meetings(present, spans)) {
      for (const { ruleId } of exceeding(members, family, length)) offenders.set(ruleId, family);
    }
  }
  return offenders;
}

function total(pieces: readonly Contribution[]): bigint {
  return pieces.flatMap(({ ranges }) => ranges).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

/** Every set of rules that open one port which the policy is about, each set once. */
function meetings(pieces: readonly Contribution[], spans: readonly Span[]): Contribution[][] {
  const opened = pieces.map((piece) => piece.opened);
  const sets = new Map<string, Contribution[]>();
  for (const span of spans) {
    if (!opened.some(({ from, to }) => from <= span.to && span.from <= to)) continue;
    for (const stretch of stretches(span, opened)) {
      const members = pieces.filter((piece) => spanHolds(piece.opened, stretch));
      if (members.length > 0) sets.set(members.map(({ ruleId }) => ruleId).join(), members);
    }
  }
  return [...sets.values()];
}

function exceeding(members: readonly Contribution[], family: 4 | 6, length: number): Contribution[] {
  const shortest = (piece: Contribution) => Math.min(...piece.ranges.map((range) => range.length));
  const lengths = [...new Set(members.map(shortest))].sort((one, other) => other - one);
  let held: Range[] = [];
  for (const each of lengths) {
    const added = members.filter((piece) => shortest(piece) === each);
    held = merge([...held, ...added.flatMap(({ ranges }) => ranges)]);
    if (isWiderThan(held, family, length)) return members.filter((piece) => shortest(piece) <= each);
  }
  return [];
}

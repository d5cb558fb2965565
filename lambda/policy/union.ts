import { type Cidr, isPublic, type Range } from './addresses/cidr.ts';
import { isWiderThan, merge, narrowestWider } from './addresses/set.ts';
import { limitOf, type PublicSources } from './source.ts';
import { type Span, spanHolds, stretches } from './traffic.ts';

/** What one rule, narrow enough alone, adds to what its group opens. */
export interface Contribution {
  ruleId: string;
  opened: Span;
  ranges: readonly Cidr[];
}

/**
 * The rules that only together allow more of the Internet than the limits, each with its family. Evaluated for every
 * port separately, over all rules that open it. The narrowest rules stay while they are within the limit; from the
 * first prefix length that exceeds it, that length and every shorter one violates. So an office's /32 is not closed
 * because of another rule's /9, and the rest is within the limit.
 */
export function widerTogether(
  contributions: readonly Contribution[],
  spans: readonly Span[],
  limits: PublicSources,
): Map<string, 4 | 6> {
  const offenders = new Map<string, 4 | 6>();
  for (const family of [4, 6] as const) {
    const length = limitOf(limits, family);
    const wider = narrowestWider(family, length);
    const pieces = contributions.flatMap((each) => pieceOf(each, family));
    if (total(pieces) < wider) continue;
    for (const members of meetings(pieces, spans)) {
      if (total(members) < wider) continue;
      for (const { ruleId } of exceeding(members, family, length)) offenders.set(ruleId, family);
    }
  }
  return offenders;
}

interface Piece extends Contribution {
  shortest: number;
  addresses: bigint;
}

function pieceOf({ ranges, ...rest }: Contribution, family: 4 | 6): Piece[] {
  const own = ranges.filter((range) => range.family === family && isPublic(range));
  if (own.length === 0) return [];
  const shortest = Math.min(...own.map((range) => range.length));
  const addresses = own.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  return [{ ...rest, ranges: own, shortest, addresses }];
}

function total(pieces: readonly Piece[]): bigint {
  return pieces.reduce((sum, { addresses }) => sum + addresses, 0n);
}

/** Every set of rules that open the same port of the clause, each set once. */
function meetings(pieces: readonly Piece[], spans: readonly Span[]): Piece[][] {
  const opened = pieces.map((piece) => piece.opened);
  const sets = new Map<string, Piece[]>();
  for (const span of spans) {
    if (!opened.some(({ from, to }) => from <= span.to && span.from <= to)) continue;
    for (const stretch of stretches(span, opened)) {
      const members = pieces.filter((piece) => spanHolds(piece.opened, stretch));
      if (members.length > 0) sets.set(members.map(({ ruleId }) => ruleId).join(), members);
    }
  }
  return [...sets.values()];
}

function exceeding(members: readonly Piece[], family: 4 | 6, length: number): Piece[] {
  const byLength = Map.groupBy(members, ({ shortest }) => shortest);
  let held: Range[] = [];
  for (const each of [...byLength.keys()].sort((one, other) => other - one)) {
    held = merge([...held, ...(byLength.get(each) ?? []).flatMap(({ ranges }) => ranges)]);
    if (isWiderThan(held, family, length)) return members.filter(({ shortest }) => shortest <= each);
  }
  return [];
}

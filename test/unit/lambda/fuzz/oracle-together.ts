import type { MatchClause } from '../../../../lambda/policy/schema/match.ts';
import { type Block, publicCount, tooWide } from './address-space.ts';
import type { Answer } from './oracle-scope.ts';
import { matchSource, ofFamilies, type Source } from './oracle-source.ts';
import { isAbout, type Opening, opens, type Point } from './oracle-traffic.ts';

/** A rule of the group with what is known of it. */
export interface Subject {
  id: string;
  opening: Opening;
  points: Point[];
  source: Source;
}

interface Piece {
  id: string;
  opening: Opening;
  blocks: Block[];
}

/**
 * The rules that are too wide only together, at some point of the clause. A rule that is too wide alone, or is or may
 * be excepted, does not count against the others.
 */
export function widerTogether(
  match: MatchClause,
  { subjects, points }: { subjects: readonly Subject[]; points: readonly Point[] },
  excepted: (subject: Subject) => Answer,
): Set<string> {
  const offenders = new Set<string>();
  const { public: limits, addressFamilies } = match.sources ?? {};
  if (!limits) return offenders;
  const clause = { public: limits, addressFamilies };
  const members = subjects
    .filter(({ source, opening }) => source.kind === 'blocks' && opening !== 'unknown')
    .filter(({ opening }) => !match.protocols?.includes('all') || opening === 'everything')
    .filter(({ source }) => matchSource(clause, source, '', () => false) === 'no')
    .filter((subject) => excepted(subject) === 'no');
  for (const family of [4, 6] as const) {
    const limit = family === 4 ? limits.ipv4WiderThan : limits.ipv6WiderThan;
    const pieces = members.flatMap(({ id, opening, source }): Piece[] => {
      const judged = source.kind === 'blocks' ? ofFamilies(source.blocks, addressFamilies) : [];
      const blocks = judged.filter((block) => block.family === family && publicCount(block) > 0n);
      return blocks.length > 0 ? [{ id, opening, blocks }] : [];
    });
    if (!areTooWide(pieces, family, limit)) continue;
    for (const point of points) {
      const here = isAbout(match, point) ? pieces.filter(({ opening }) => opens(opening, point)) : [];
      for (const id of exceeding(here, family, limit)) offenders.add(id);
    }
  }
  return offenders;
}

function areTooWide(pieces: Piece[], family: 4 | 6, limit: number): boolean {
  const blocks = pieces.flatMap((piece) => piece.blocks);
  return tooWide(blocks, family, limit);
}

/** From the longest prefix on, the first length with which the limit is exceeded, and every shorter one. */
function exceeding(pieces: Piece[], family: 4 | 6, limit: number): string[] {
  const shortest = ({ blocks }: Piece) => Math.min(...blocks.map(({ length }) => length));
  const lengths = new Set(pieces.map(shortest));
  for (let length = 128; length >= 0; length -= 1) {
    if (!lengths.has(length)) continue;
    const longer = pieces.filter((piece) => shortest(piece) >= length);
    if (areTooWide(longer, family, limit))
      return pieces.filter((piece) => shortest(piece) <= length).map(({ id }) => id);
  }
  return [];
}

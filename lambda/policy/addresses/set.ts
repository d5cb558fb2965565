import { publicCount, type Range } from './cidr.ts';

/** The same addresses as few ranges: in order, IPv4 first, none overlapping or adjacent. */
export function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort(inOrder)) {
    const last = merged.at(-1);
    if (!last || last.family !== range.family || range.first > last.last + 1n) {
      merged.push({ family: range.family, first: range.first, last: range.last });
    } else if (range.last > last.last) last.last = range.last;
  }
  return merged;
}

export function contains(set: readonly Range[], { family, first, last }: Range): boolean {
  return set.some((each) => each.family === family && each.first <= first && last <= each.last);
}

export function overlap(one: Range, other: Range): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/**
 * Whether a merged set covers more of the public address space than a prefix of `/length`: it contains a whole shorter
 * prefix with a public address in it (two halves, a ladder), or it has in total as many public addresses as the
 * narrowest shorter prefix (2^(33 - length) in IPv4). A single prefix is wider exactly when it is public and shorter
 * than `length`.
 */
export function isWiderThan(set: readonly Range[], family: 4 | 6, length: number): boolean {
  const wider = narrowestWider(family, length);
  const own = set.filter((range) => range.family === family);
  if (own.reduce((sum, { first, last }) => sum + last - first + 1n, 0n) < wider) return false;
  let addresses = 0n;
  for (const range of own) {
    const first = ((range.first + wider - 1n) / wider) * wider;
    const last = ((range.last + 1n) / wider) * wider - 1n;
    if (first < last && publicCount({ family, first, last }) > 0n) return true;
    addresses += publicCount(range);
  }
  return addresses >= wider;
}

export function narrowestWider(family: 4 | 6, length: number): bigint {
  return 1n << BigInt((family === 4 ? 32 : 128) - length + 1);
}

function inOrder(one: Range, other: Range): number {
  if (one.family !== other.family) return one.family - other.family;
  if (one.first === other.first) return 0;
  return one.first < other.first ? -1 : 1;
}

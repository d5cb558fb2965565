/** A prefix by its meaning: its addresses are the numbers from `first` on that share its first `length` bits. */
export interface Block {
  family: 4 | 6;
  first: bigint;
  length: number;
}

const sizes = Array.from({ length: 129 }, (_, bits) => 1n << BigInt(bits));

export function sizeOf({ family, length }: Pick<Block, 'family' | 'length'>): bigint {
  return sizes[(family === 4 ? 32 : 128) - length] ?? 0n;
}

/** Remembers what a pure function gave: the same few ranges are asked about over and over. */
export function remembering<Key, Value>(
  work: (key: Key) => Value,
  known: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown } = new Map<Key, Value>(),
) {
  return (key: Key): Value => {
    const earlier = known.get(key);
    if (earlier !== undefined) return earlier;
    const value = work(key);
    known.set(key, value);
    return value;
  };
}

/** The prefix of a length that holds an address. */
export function blockAt(family: 4 | 6, address: bigint, length: number): Block {
  const size = sizeOf({ family, length });
  return { family, first: (address / size) * size, length };
}

export function holds(outer: Block, inner: Block): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false;
  return blockAt(inner.family, inner.first, outer.length).first === outer.first;
}

export const meets = (one: Block, other: Block): boolean => holds(one, other) || holds(other, one);

/** The prefix that a plainly written text names: dotted quads, or IPv6 with at most one `::`. @throws otherwise. */
export const blockOf = remembering((text: string): Block => {
  const [address = '', length = ''] = text.split('/');
  const dotted = address.split('.');
  if (dotted.length === 4) return blockAt(4, numberOf(dotted.map(Number), 8n), Number(length));
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  if (!address.includes(':') || left.length + right.length > 8) throw new Error(`${text} is not plain`);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return blockAt(6, numberOf(groups, 16n), Number(length));
});

function numberOf(digits: number[], bits: bigint): bigint {
  return digits.reduce((sum, digit) => (sum << bits) + BigInt(digit), 0n);
}

/** Not routed on the Internet, by IANA's special-purpose registries; of IPv6 nothing outside 2000::/3 is. */
const reserved = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '2001:db8::/32', '3fff::/20'],
].map(blockOf);
export const reservedIpv4 = reserved.filter(({ family }) => family === 4);
const routed = blockOf('2000::/3');

/** How many addresses of a prefix are routed on the Internet. */
export const publicCount = remembering(countPublic, new WeakMap<Block, bigint>());

function countPublic(block: Block): bigint {
  if (reserved.some((each) => holds(each, block))) return 0n;
  if (block.family === 6 && !holds(routed, block)) return holds(block, routed) ? publicCount(routed) : 0n;
  const within = reserved.filter((each) => holds(block, each));
  return within.reduce((left, each) => left - sizeOf(each), sizeOf(block));
}

/**
 * Whether prefixes are, all together, as much of the Internet as one that is shorter than `limit`: they fill such a
 * one that has any public address, or have as many public addresses as it has addresses. Prefixes are nested or apart,
 * so a set of them is its outermost ones.
 */
export function tooWide(blocks: readonly Block[], family: 4 | 6, limit: number): boolean {
  const own = blocks.filter((block) => block.family === family && publicCount(block) > 0n);
  if (own.some(({ length }) => length < limit)) return true;
  const enough = sizeOf({ family, length: limit - 1 });
  if (sum(own.map(sizeOf)) < enough) return false;
  const outermost = own.filter(
    (block, index) =>
      !own.some(
        (other, at) => at !== index && holds(other, block) && (other.length < block.length || at < index),
      ),
  );
  if (sum(outermost.map(publicCount)) >= enough) return true;
  const prefixes = Map.groupBy(outermost, ({ first }) => blockAt(family, first, limit - 1).first);
  return [...prefixes.values()].some((parts) => sum(parts.map(sizeOf)) === enough);
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((total, each) => total + each, 0n);
}

/** Whether one of these prefixes holds the block, or both of its halves are inside them. */
export function isInside(block: Block, allowed: readonly Block[]): boolean {
  if (allowed.some((each) => holds(each, block))) return true;
  if (!allowed.some((each) => holds(block, each) && each.length > block.length)) return false;
  const length = block.length + 1;
  const halves = [block.first, block.first + sizeOf({ family: block.family, length })];
  return halves.every((first) => isInside({ ...block, first, length }, allowed));
}

const mappedSpace = blockOf('0:0:0:0:0:ffff:0:0/96');

/** A prefix, and the IPv4 addresses it has in their IPv4-mapped form. */
export const withMapped = remembering((block: Block): Block[] => {
  if (block.family === 4) return [block];
  if (holds(block, mappedSpace)) return [block, { family: 4, first: 0n, length: 0 }];
  if (!holds(mappedSpace, block)) return [block];
  return [block, { family: 4, first: block.first - mappedSpace.first, length: block.length - 96 }];
}, new WeakMap());

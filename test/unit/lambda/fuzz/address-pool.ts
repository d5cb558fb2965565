import { type Block, blockAt, blockOf } from './address-space.ts';

/** An address range as EC2 might list it, with its meaning; null where it has none beyond doubt. */
export interface Written {
  text: string;
  block: Block | null;
}

/** Numbers that look random and are the same in every run: only what is picked from here may differ. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const dotted = (address: bigint) => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
const groups = (address: bigint) =>
  Array.from({ length: 8 }, (_, index) => (address >> BigInt(112 - 16 * index)) & 0xffffn);

function written4(address: number, length: number): Written {
  return { text: `${dotted(BigInt(address))}/${length}`, block: blockAt(4, BigInt(address), length) };
}

/** Every group written out, in one of the ways that groups are written. */
function written6(address: bigint, length: number, way: number): Written {
  const hex = groups(address).map((group) => {
    const plain = group.toString(16);
    return way === 1 ? plain.padStart(4, '0') : way === 2 ? plain.toUpperCase() : plain;
  });
  return { text: `${hex.join(':')}/${length}`, block: blockAt(6, address, length) };
}

const plain = (texts: string[]): Written[] => texts.map((text) => ({ text, block: blockOf(text) }));
const meaning = (text: string, block: string): Written => ({ text, block: blockOf(block) });

/** The world in one piece, in halves, and down a ladder. */
export const wide = plain([
  ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '0.0.0.0/2', '64.0.0.0/2', '128.0.0.0/2', '192.0.0.0/2'],
  ...['32.0.0.0/3', '16.0.0.0/4', '8.0.0.0/5', '4.0.0.0/6', '2.0.0.0/7', '1.0.0.0/8', '0.0.0.0/7'],
  ...['::/0', '::/1', '8000::/1', '2000::/3', '2000::/4', '3000::/4', '2000::/15', '2002::/16', '2003::/16'],
]);

const random = numbers(4_711);

/** Together, many of them are wider than /8, some of them private; /16 likewise in IPv6. */
export const eights: Written[] = [
  ...Array.from({ length: 60 }, (_, index) =>
    written4((index + 1 + random(190)) * 2 ** 24 + random(2 ** 20), 8 + random(4)),
  ),
  ...plain([
    ...['10.0.0.0/8', '11.0.0.0/8', '10.0.0.0/7', '172.16.0.0/12', '224.0.0.0/8'],
    ...['223.0.0.0/8', '255.0.0.0/8'],
  ]),
  ...Array.from({ length: 30 }, (_, index) =>
    written6(BigInt(0x2400 + (index % 6)) << 112n, 15 + random(4), random(3)),
  ),
];

/** The 4,096 addresses from 8.8.0.0 on and as many of IPv6: small enough to make up each other's prefixes. */
export const narrow: Written[] = [
  ...Array.from({ length: 120 }, () =>
    written4(8 * 2 ** 24 + 8 * 2 ** 16 + random(2 ** 12), 20 + random(13)),
  ),
  ...Array.from({ length: 60 }, () =>
    written6((0x2a00_0001n << 96n) + (BigInt(random(2 ** 8)) << 72n), 44 + random(12), random(3)),
  ),
];

export const anywhere: Written[] = [
  ...Array.from({ length: 100 }, () => written4(random(2 ** 32), random(33))),
  ...Array.from({ length: 40 }, () =>
    written6(BigInt(random(2 ** 32)) * 2n ** 96n + BigInt(random(2 ** 32)), random(129), random(3)),
  ),
  ...plain([
    ...['10.1.2.0/24', '192.168.0.0/16', '198.51.100.0/24', '198.51.100.7/32'],
    ...['203.0.113.0/24', '127.0.0.1/32'],
  ]),
  ...plain([
    ...['fc00::/7', 'fe80::/10', '2001:db8::/32', '64:ff9b::/96', '::1/128', '3fff::/19'],
    ...['2001:d00::/24'],
  ]),
];

/** Legal, and not as most people write them. */
export const odd: Written[] = [
  meaning('255.255.255.255/0', '0.0.0.0/0'),
  meaning('127.0.0.1/1', '0.0.0.0/1'),
  meaning('8.8.8.8/7', '8.0.0.0/7'),
  meaning(' 0.0.0.0/0 ', '0.0.0.0/0'),
  meaning('0.0.0.0/00', '0.0.0.0/0'),
  meaning('FFFF::/0', '::/0'),
  meaning('0000:0000:0000:0000:0000:0000:0000:0000/0', '::/0'),
  meaning('2000:0:0:0:0:0:0:1/3', '2000::/3'),
  meaning('::ffff:0.0.0.0/96', '::ffff:0:0/96'),
  meaning('::FFFF:128.0.0.0/97', '::ffff:8000:0/97'),
  meaning('::ffff:10.0.0.0/104', '::ffff:a00:0/104'),
  meaning('::ffff:8.8.8.8/128', '::ffff:808:808/128'),
  meaning('::/64', '::/64'),
];

export const unreadable: Written[] = [
  ...['', '/', '0.0.0.0', '0.0.0.0/33', '::/129', '0/0', '*', '0.0.0.0/-0', '010.0.0.0/8'],
  ...['0x0.0.0.0/0', '1.2.3/8'],
  ...['0.0.0.0/0,10.0.0.0/8', '::ffff/0/0', 'fe80::1%eth0/64', '٠.٠.٠.٠/٠'],
  ...['0.0.0.0/0\u0000', ':::/0', '1::2::3/0'],
].map((text) => ({ text, block: null }));

export const meanings: ReadonlyMap<string, Block | null> = new Map(
  [...wide, ...eights, ...narrow, ...anywhere, ...odd, ...unreadable].map(({ text, block }) => [text, block]),
);

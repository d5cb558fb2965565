import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cidr, isPublic, parseCidr, publicCount } from '../../../../lambda/policy/addresses/cidr.ts';
import { contains, isWiderThan, merge, overlap } from '../../../../lambda/policy/addresses/set.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

const wider = (length: number, texts: string[], family: 4 | 6 = 4) =>
  isWiderThan(merge(texts.map(cidr)), family, length);

/** 192.0.0.0/22, half of it reserved: 192.0.0.0/24 and 192.0.2.0/24. */
const base = BigInt(192 * 2 ** 24);
const addresses = Array.from({ length: 1024 }, (_, offset) => offset);
const isReserved = (offset: number) => Math.floor(offset / 256) % 2 === 0;
const prefix = fc
  .tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 22, max: 32 }))
  .map(([offset, length]) =>
    cidr(`${['192', '0', Math.floor(offset / 256), offset % 256].join('.')}/${length}`),
  );
const prefixes = fc.array(prefix, { maxLength: 12 });
const offsets = (list: readonly { first: bigint; last: bigint }[]) =>
  new Set(
    addresses.filter((offset) =>
      list.some(({ first, last }) => first <= base + BigInt(offset) && base + BigInt(offset) <= last),
    ),
  );

describe('a set of prefixes, against every address of a small space', () => {
  it('holds the same addresses merged, in disjoint ranges with a gap between them', () => {
    fc.assert(
      fc.property(prefixes, (list) => {
        const merged = merge(list);
        expect(offsets(merged)).toEqual(offsets(list));
        for (const [index, range] of merged.slice(1).entries())
          expect(range.first > (merged[index]?.last ?? 0n) + 1n).toBe(true);
      }),
    );
  });

  it('contains and overlaps a prefix as its addresses say', () => {
    fc.assert(
      fc.property(prefixes, prefix, (list, one) => {
        const [held, asked] = [offsets(list), [...offsets([one])]];
        expect(contains(merge(list), one)).toBe(asked.every((offset) => held.has(offset)));
        expect(list.some((each) => overlap(each, one))).toBe(asked.some((offset) => held.has(offset)));
      }),
    );
  });

  it('is public by as many addresses as are not reserved', () => {
    fc.assert(
      fc.property(prefix, (one) => {
        const count = [...offsets([one])].filter((offset) => !isReserved(offset)).length;
        expect(publicCount(one)).toBe(BigInt(count));
        expect(isPublic(one)).toBe(count > 0);
      }),
    );
  });

  it('is wider than a length if it holds a wider public prefix whole, or as many public addresses', () => {
    fc.assert(
      fc.property(prefixes, fc.integer({ min: 23, max: 32 }), (list, length) => {
        const held = offsets(list);
        const size = 2 ** (33 - length);
        const starts = addresses.filter((offset) => offset % size === 0);
        const whole = starts.some((start) => {
          const block = addresses.slice(start, start + size);
          return block.every((offset) => held.has(offset)) && block.some((offset) => !isReserved(offset));
        });
        const many = [...held].filter((offset) => !isReserved(offset)).length >= size;
        expect(isWiderThan(merge(list), 4, length)).toBe(whole || many);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of one prefix is wider if and only if that is public and shorter', () => {
    fc.assert(
      fc.property(prefix, fc.integer({ min: 23, max: 32 }), (one, length) => {
        expect(isWiderThan([one], 4, length)).toBe(isPublic(one) && one.length < length);
      }),
    );
  });
});

describe('the Internet in pieces', () => {
  const ladder = Array.from({ length: 32 }, (_, index) => {
    const start = 2 ** 32 - 2 ** (32 - index);
    return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${index + 1}`;
  });
  const slash8s = (count: number) => Array.from({ length: count }, (_, index) => `${index + 11}.0.0.0/8`);

  it.each<[string, number, string[]]>([
    ['two halves', 1, ['0.0.0.0/1', '128.0.0.0/1']],
    ['two halves with host bits', 1, ['1.2.3.4/1', '200.1.2.3/1']],
    ['a ladder from /1 to /32', 1, [...ladder, '255.255.255.255/32']],
    ['four quarters', 2, ['0.0.0.0/2', '64.0.0.0/2', '128.0.0.0/2', '192.0.0.0/2']],
    ['a hundred /8s', 3, slash8s(100)],
    ['two /8s far apart', 8, ['3.0.0.0/8', '52.0.0.0/8']],
  ])('%s are wider than /%i', (_, length, texts) => {
    expect(wider(length, texts)).toBe(true);
  });

  it.each<[string, number, string[]]>([
    ['one /8 and an office address', 8, ['3.0.0.0/8', '52.1.2.3/32']],
    ['a hundred office networks', 8, slash8s(100).map((text) => text.replace('/8', '/24'))],
    ['every private network', 8, ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']],
    ['one half twice', 1, ['0.0.0.0/1', '0.0.0.0/1']],
  ])('%s are not wider than /%i', (_, length, texts) => {
    expect(wider(length, texts)).toBe(false);
  });

  it('of IPv6 is judged on 2000::/3 alone', () => {
    expect(wider(3, ['2000::/4', '3000::/4'], 6)).toBe(false);
    expect(wider(4, ['2000::/4', '3000::/4'], 6)).toBe(true);
    expect(wider(16, ['2600::/16', '2a00::/16'], 6)).toBe(true);
    expect(wider(16, ['fc00::/8', 'fd00::/8', 'fe80::/10'], 6)).toBe(false);
  });
});

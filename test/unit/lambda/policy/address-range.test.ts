import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublic, parseCidr } from '../../../../lambda/policy/addresses/cidr.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { evaluateOne, worldOpen } from '../../../worlds/policy-sample.ts';
import { blockAt, publicCount, reservedIpv4 as reserved, sizeOf } from '../fuzz/address-space.ts';

const policy = parsePolicy(worldOpen);

const from = (cidr: string) => evaluateOne(policy, { source: { kind: 'cidr', text: cidr } }).verdict;

describe('an address range', () => {
  const toText = (value: number) =>
    [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  const address = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(
      ...reserved.flatMap((block) => {
        const first = Number(block.first);
        return [first, first + Number(sizeOf(block)) - 1, Math.max(0, first - 1)];
      }),
    ),
  );
  const length = fc.integer({ min: 0, max: 32 });

  it('of IPv4 is public where the oracle counts a public address in it, host bits or not, mapped into IPv6 or not', () => {
    fc.assert(
      fc.property(address, length, (value, bits) => {
        const size = 2 ** (32 - bits);
        const first = value - (value % size);
        const expected = publicCount(blockAt(4, BigInt(first), bits)) > 0n;
        const cidr = parseCidr(`${toText(value)}/${bits}`);
        expect(cidr && [cidr.first, cidr.last, isPublic(cidr)]).toEqual([
          BigInt(first),
          BigInt(first + size - 1),
          expected,
        ]);
        const verdict = expected && bits < 8 ? 'violation' : 'allowed';
        expect(from(`${toText(value)}/${bits}`)).toBe(verdict);
        expect(from(`::ffff:${toText(value)}/${bits + 96}`)).toBe(verdict);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of IPv6 covers the addresses whose leading bits are its own', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 128 }), (parts, bits) => {
        const binary = parts.map((part) => part.toString(2).padStart(16, '0')).join('');
        const cidr = parseCidr(`${parts.map((part) => part.toString(16)).join(':')}/${bits}`);
        const end = (bit: string) => BigInt(`0b${binary.slice(0, bits).padEnd(128, bit)}`);
        expect(cidr && [cidr.first, cidr.last]).toEqual([end('0'), end('1')]);
      }),
    );
  });

  it('with any text never throws, and never revokes without a public source', () => {
    const cidr = fc.oneof(
      fc.string(),
      fc.ipV4().map((ip) => `${ip}/9`),
      fc.constantFrom('10.0.0.0/8', 'fc00::/7'),
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.option(fc.integer()),
        fc.option(fc.integer()),
        cidr,
        (protocol, fromPort, toPort, source) => {
          fc.pre(parseCidr(source)?.length !== 0);
          const change = { protocol, fromPort, toPort, source: { kind: 'cidr' as const, text: source } };
          const { verdict } = evaluateOne(policy, change);
          expect(['allowed', 'undecided']).toContain(verdict);
        },
      ),
    );
  });
});

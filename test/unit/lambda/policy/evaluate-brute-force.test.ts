import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublic, parseCidr } from '../../../../lambda/policy/addresses/cidr.ts';
import { evaluate, type Verdict } from '../../../../lambda/policy/evaluate.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import type { SecurityGroupRule } from '../../../../lambda/policy/security-group.ts';
import { group, rule, worldOpen } from '../../../worlds/policy-sample.ts';

const text = worldOpen;
const policy = parsePolicy(text);

function judge(change: Partial<SecurityGroupRule>, by = policy): Verdict {
  const [verdict] = evaluate(by, group, [rule(change)]);
  if (!verdict) throw new Error('no verdict');
  return verdict;
}

function from(cidr: string) {
  return judge({ source: { kind: 'cidr', text: cidr } }).verdict;
}

describe('against brute force', () => {
  const reserved = [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ];
  const toNumber = (dotted: string) => dotted.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const toText = (value: number) =>
    [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  const blocks = reserved.map((cidr) => {
    const [address = '', length = ''] = cidr.split('/');
    return { first: toNumber(address), size: 2 ** (32 - Number(length)) };
  });
  const reservedAddress = (value: number) =>
    blocks.some(({ first, size }) => value >= first && value < first + size);
  /** Public space begins at a prefix's start or right after a reserved block: no other address need be tried. */
  const anyPublic = (first: number, size: number) =>
    [first, ...blocks.map((block) => block.first + block.size)].some(
      (value) => value >= first && value < first + size && value < 2 ** 32 && !reservedAddress(value),
    );
  const address = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(
      ...blocks.flatMap(({ first, size }) => [first, first + size - 1, Math.max(0, first - 1)]),
    ),
  );
  const length = fc.integer({ min: 0, max: 32 });

  it('an IPv4 prefix is public if any address in it is, host bits or not, mapped into IPv6 or not', () => {
    fc.assert(
      fc.property(address, length, (value, bits) => {
        const size = 2 ** (32 - bits);
        const first = value - (value % size);
        const expected = anyPublic(first, size);
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

  it('an IPv6 prefix covers the addresses whose leading bits are its own', () => {
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

  it('a port range is allowed if each port of it is excepted', () => {
    const port = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(
        port,
        port,
        fc.array(port),
        fc.constantFrom('tcp', 'udp', '6', '17'),
        (a, b, except, protocol) => {
          const [fromPort, toPort] = [Math.min(a, b), Math.max(a, b)];
          const opened = Array.from({ length: toPort - fromPort + 1 }, (_, index) => fromPort + index);
          const own = parsePolicy(text.replace('[80, 443]', JSON.stringify(except)));
          const expected = opened.every((each) => except.includes(each)) ? 'allowed' : 'violation';
          expect(judge({ protocol, fromPort, toPort }, own).verdict).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('nothing it is given makes it throw or revoke without a public source', () => {
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
          const { verdict } = judge({ protocol, fromPort, toPort, source: { kind: 'cidr', text: source } });
          expect(['allowed', 'undecided']).toContain(verdict);
        },
      ),
    );
  });
});

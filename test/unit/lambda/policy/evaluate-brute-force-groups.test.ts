import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateAll, open, policyOf } from '../../../worlds/policy-sample.ts';

/** Twelve ports and the 64 addresses of 8.0.0.0/26: small enough to try each of them. */
const ports = Array.from({ length: 12 }, (_, port) => port);
const addresses = Array.from({ length: 64 }, (_, address) => address);
interface Opening {
  from: number;
  to: number;
  first: number;
  length: number;
}

const opening = fc
  .record({ a: fc.nat(11), b: fc.nat(11), address: fc.nat(63), length: fc.integer({ min: 26, max: 32 }) })
  .map(({ a, b, address, length }): Opening => {
    const size = 2 ** (32 - length);
    return { from: Math.min(a, b), to: Math.max(a, b), first: address - (address % size), length };
  });
const openings = fc.array(opening, { maxLength: 6 });
const cidrOf = ({ first, length }: Opening) => `8.0.0.${first}/${length}`;
const toRule = (each: Opening) => open(cidrOf(each), each.from, each.to);
const opens = (each: Opening, port: number, address: number) =>
  each.from <= port &&
  port <= each.to &&
  each.first <= address &&
  address < each.first + 2 ** (32 - each.length);

describe('a group, against every port and address of a small space', () => {
  it('is as wide as a wider prefix on no port, once its violations are gone, and lost no rule that is too narrow', () => {
    const length = fc.integer({ min: 27, max: 31 });
    fc.assert(
      fc.property(openings, length, fc.array(fc.nat(11), { maxLength: 4 }), (rules, limit, except) => {
        const policy = policyOf([
          `match: { sources: { public: { ipv4WiderThan: ${limit}, ipv6WiderThan: 16 } }, ports: { except: [${except}] } }`,
        ]);
        const size = 2 ** (33 - limit);
        const wideOn = (some: Opening[], port: number) => {
          const held = new Set(
            addresses.filter((address) => some.some((each) => opens(each, port, address))),
          );
          return held.size >= size;
        };
        const all = evaluateAll(policy, rules.map(toRule));
        const left = rules.filter((_, index) => all[index]?.verdict === 'allowed');
        const judged = ports.filter((port) => !except.includes(port));
        expect(judged.some((port) => wideOn(left, port))).toBe(false);
        for (const [index, verdict] of all.entries()) {
          const own = rules[index];
          if (!own || verdict.verdict !== 'violation') continue;
          expect(judged.some((port) => own.from <= port && port <= own.to && wideOn(rules, port))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is excepted where every port and address of a rule is in some exception, and only there', () => {
    fc.assert(
      fc.property(openings, openings, (rules, excepted) => {
        const list = excepted.map(
          (each, index) =>
            `{ name: e${index}, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ groupIds: [sg-1] }] }, allow: { protocols: [tcp], ports: { any: ["${each.from}-${each.to}"] }, sources: { cidrs: [${cidrOf(each)}] } } }`,
        );
        const policy = policyOf(['match: {}'], `exceptions: [${list.join(', ')}]`);
        const all = evaluateAll(policy, rules.map(toRule));
        for (const [index, { verdict }] of all.entries()) {
          const own = rules[index];
          const within = ports.every((port) =>
            addresses.every(
              (address) =>
                !own || !opens(own, port, address) || excepted.some((each) => opens(each, port, address)),
            ),
          );
          expect(verdict).toBe(within ? 'excepted' : 'violation');
        }
      }),
      { numRuns: 300 },
    );
  });
});

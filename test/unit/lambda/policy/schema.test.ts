import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { exceptionOf, policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const matching = (match: string) => () => policyOf([`match: { ${match} }`]);

describe('a match', () => {
  it.each([
    'protocols: [tcp, udp, icmp, icmpv6, 50, "47"]',
    'protocols: [all]',
    'ports: { any: [22, "8000-8100"] }',
    'ports: { except: ["80-90", 443] }',
    'icmp: { types: [8, 13] }',
    'icmp: { types: any }',
    'sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16, union: false } }',
    'sources: { cidrs: [203.0.113.0/24, "2001:db8::/32"], addressFamilies: [ipv4] }',
    'sources: { prefixLists: [pl-0123abcd], groupsOfOtherAccounts: true }',
    '',
  ])('is read: %s', (match) => expect(matching(match)).not.toThrow());

  it.each([
    ['protocols: [tpc]', /protocols\[0\]: write tcp, udp/],
    ['protocols: [256]', /protocols\[0\]: write tcp, udp/],
    ['protocols: [all, tcp]', /protocols: write all alone/],
    ['protocols: []', /protocols: .*leave the key out/],
    ['ports: { any: [] }', /ports.any: .*leave the key out/],
    ['ports: {}', /ports: write either except or any/],
    ['ports: { any: [1], except: [2] }', /ports: write either except or any/],
    ['ports: { any: ["90-80"] }', /any\[0\]: write the lower port first/],
    ['ports: { any: ["1-70000"] }', /any\[0\]: a port is 0 to 65535/],
    ['ports: { any: [1.5] }', /any\[0\]: a port is a whole number/],
    ['ports: { any: [null] }', /any\[0\]: a port is a whole number/],
    ['ports: { any: ["1-2-3"] }', /any\[0\]: a port is a whole number, a range is/],
    ['icmp: { types: [256] }', /icmp.types\[0\]: write a list of ICMP types/],
    ['sources: {}', /sources: name a source/],
    ['sources: { cidrs: [203.0.113.0] }', /cidrs\[0\]: write an address range/],
    ['sources: { cidrs: [203.0.113.0/33] }', /cidrs\[0\]: write an address range/],
    ['sources: { prefixLists: [list] }', /prefixLists\[0\]: a prefix list id/],
    ['sources: { addressFamilies: [ipv5] }', /addressFamilies\[0\]: write ipv4 or ipv6/],
    ['source: { cidrs: [] }', /line 3: .*source: unknown key; .*did you mean sources by source\?/],
  ])('is refused: %s', (match, mistake) => expect(matching(match)).toThrow(mistake));
});

describe('a scope', () => {
  it('is read with all that it can select by', () => {
    const selector =
      'organizationalUnits: [Production, ou-ab12-cdef3456], accounts: ["300000000001"], regions: [eu-west-1], accountTags: { stage: [prod*] }, vpcs: [vpc-1], groupNames: ["web-*"], groupTags: { team: [a, b] }';
    expect(() =>
      policyOf([`match: {}, scope: { include: [{ ${selector} }], exclude: [{ regions: [us-east-1] }] }`]),
    ).not.toThrow();
  });

  it.each([
    ['include: [{}]', /include\[0\]: name what it selects/],
    ['include: []', /include: .*leave the key out/],
    ['include: [{ accounts: [300000000001] }]', /accounts\[0\]: write an account id in quotes/],
    ['include: [{ regions: [Ireland] }]', /regions\[0\]: a Region is such as/],
    ['include: [{ groupIds: [sg-1] }]', /groupIds: unknown key/],
    ['exclude: [{ groupTags: {} }]', /groupTags: name a tag/],
  ])('is refused: %s', (scope, mistake) => {
    expect(() => policyOf([`match: {}, scope: { ${scope} }`])).toThrow(mistake);
  });
});

describe('narrowTo', () => {
  it('names ranges narrower than what the rule forbids', () => {
    const [rule] = policyOf([`${publicIngress}, narrowTo: [203.0.113.0/24, "2001:db8::/32"]`]).rules;
    expect(rule?.narrowTo).toEqual(['203.0.113.0/24', '2001:db8::/32']);
  });

  it.each([
    ['match: {}, narrowTo: [203.0.113.0/24]', /the rule matches every source/],
    [`${publicIngress}, narrowTo: []`, /leave the key out/],
    [`${publicIngress}, narrowTo: [0.0.0.0/1]`, /as wide as what the rule forbids/],
    [`${publicIngress}, narrowTo: [11.0.0.0/8, 12.0.0.0/8]`, /as wide as what the rule forbids/],
    [`match: { sources: { cidrs: [198.51.100.0/24] } }, narrowTo: [198.51.100.7/32]`, /among the sources/],
    [`${publicIngress}, narrowTo: [203.0.113.300/24]`, /an address range such as/],
  ])('is refused where it would match again: %s', (text, mistake) => {
    expect(() => policyOf([text])).toThrow(mistake);
  });
});

describe('an exception', () => {
  const office = 'sources: { cidrs: [203.0.113.0/24] }';
  const written = (change: Parameters<typeof exceptionOf>[0], rest = '') => {
    return () => policyOf(['match: {}'], `exceptions: [${exceptionOf(change)}]\n${rest}`);
  };

  it('is read with an expiry, or as permanent', () => {
    expect(written({})).not.toThrow();
    expect(written({ expires: '2027-01-31T00:00:00Z' })).not.toThrow();
    expect(written({ expires: '2027-01-31T00:00:00+02:00' })).not.toThrow();
    const one = `{ ${office}, ports: { any: [22] } }`;
    expect(written({ allow: `[${one}]` })).not.toThrow();
    expect(written({ allow: `[${one}, ${one}]` })).not.toThrow();
  });

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ['without an expiry', { permanent: undefined }, /expires: write when it expires, or permanent: true/],
    [
      'with both',
      { permanent: 'true', expires: '2027-01-31T00:00:00Z' },
      /expires: write when it expires, or permanent: true/,
    ],
    ['with a date alone', { expires: '2027-01-31' }, /expires: write a date and time such as/],
    ['that is not permanent', { permanent: 'false' }, /permanent: write true/],
    ['without an owner', { owner: undefined }, /owner: write who answers for it/],
    ['without a reason', { why: '""' }, /why: write why it is needed/],
    ['without a ticket', { ticket: undefined }, /ticket: write the ticket/],
    ['without a place', { where: '{ exclude: [{ regions: [eu-west-1] }] }' }, /where: write include/],
    ['for nothing named', { allow: `{ ${office} }` }, /allow: name the ports/],
    ['for an empty list', { allow: '[]' }, /allow: write a mapping of what is allowed/],
    ['without what it allows', { allow: undefined }, /allow: write a mapping with: sources/],
    [
      'for one of a list that names nothing',
      { allow: `[{ ${office}, protocols: [tcp] }, { ${office} }]` },
      /exceptions\[0\]\.allow\[1\]: name the ports/,
    ],
    [
      'for one of a list with an unknown key',
      { allow: `[{ ${office}, port: 22, protocols: [tcp] }]` },
      /exceptions\[0\]\.allow\[0\]\.port: unknown key/,
    ],
    [
      'without a source',
      { allow: '{ sources: {}, ports: { any: [22] } }' },
      /sources: name the allowed sources/,
    ],
  ])('is refused %s', (_, change, mistake) => expect(written(change)).toThrow(mistake));

  it('can require a group tag only if the policy names that tag', () => {
    const where = '{ include: [{ groupTags: { asks-for: [partner] } }] }';
    expect(written({ where })).toThrow(
      /groupTags.asks-for: anyone who may tag a group .*exceptionTag at the top/,
    );
    expect(written({ where }, 'exceptionTag: other')).toThrow(/only other may/);
    expect(written({ where }, 'exceptionTag: asks-for')).not.toThrow();
  });

  it('has a unique name', () => {
    expect(() => policyOf(['match: {}'], `exceptions: [${exceptionOf()}, ${exceptionOf()}]`)).toThrow(
      /exceptions\[1\].name: another exception is already named partner/,
    );
  });
});

it('an unknown key with no similar key has no suggestion', () => {
  expect(() => parsePolicy('version: 1\nrules: []\nzebra: 1')).toThrow(
    /zebra: unknown key; use one of: [^;]*$/m,
  );
});

describe('an escalation', () => {
  const ofPolicy = (text: string) => () => policyOf(['match: {}'], `escalation: { ${text} }`);
  const ofRule = (text: string) => () => policyOf([`match: {}, escalation: { ${text} }`]);

  it.each([
    [ofPolicy, 'times: 3, withinMinutes: 60'],
    [ofPolicy, 'times: 3, withinMinutes: 60, mode: revoke'],
    [ofRule, 'times: 3'],
    [ofRule, 'withinMinutes: 5, leaveOpen: true'],
    [ofRule, 'mode: revoke'],
    [ofRule, 'mode: revoke, leaveOpen: false'],
  ])('is read: %o %s', (make, text) => expect(make(text)).not.toThrow());

  it.each([
    [
      ofPolicy,
      'times: 3, withinMinutes: 60, mode: notify',
      /escalation.mode: write revoke, .*leaveOpen: true/,
    ],
    [ofRule, 'mode: notify', /rules\[0\].escalation.mode: write revoke, .*leaveOpen: true/],
    [ofPolicy, 'times: 3, withinMinutes: 60, leaveOpen: true', /escalation.leaveOpen: unknown key/],
    [ofRule, 'mode: revoke, leaveOpen: true', /escalation.leaveOpen: mode: revoke closes it at once/],
    [ofRule, 'times: 0', /escalation.times: write a whole number from 1 to 1000/],
  ])('is refused: %o %s', (make, text, mistake) => expect(make(text)).toThrow(mistake));
});

it('trustPrefixListOwners has account ids in quotes', () => {
  const trusting = (owners: string) => () => policyOf(['match: {}'], `trustPrefixListOwners: [${owners}]`);
  expect(trusting('"999999999999"')).not.toThrow();
  expect(trusting('999999999999')).toThrow(/in quotes/);
  expect(trusting('')).toThrow(/leave the key out/);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createdRulesIn, editsIn, permissionsIn } from '../../../../lambda/event/record.ts';
import {
  formatRule,
  ingressKey,
  openingOf,
  openingOfFinding,
  openingsOf,
  parseRule,
  permissionOf,
} from '../../../../lambda/policy/rule.ts';
import { openedBy } from '../../../../lambda/policy/traffic.ts';

const opening = (words: string) => {
  const read = parseRule(words);
  if (typeof read === 'string') throw new Error(read);
  return read;
};

describe('a security group rule in words', () => {
  it.each([
    ['tcp/22/0.0.0.0/0', 'tcp', 22, 22, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['TCP/22/0.0.0.0/0', 'tcp', 22, 22, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['6/22/0.0.0.0/0', 'tcp', 22, 22, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['udp/1000-2000/2001:db8::/32', 'udp', 1000, 2000, { kind: 'cidr', text: '2001:db8::/32' }],
    ['tcp/all/::/0', 'tcp', 0, 65535, { kind: 'cidr', text: '::/0' }],
    ['-1/0.0.0.0/0', '-1', null, null, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['all/::/0', '-1', null, null, { kind: 'cidr', text: '::/0' }],
    ['icmp/8/0.0.0.0/0', 'icmp', 8, -1, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['icmp/3:4/0.0.0.0/0', 'icmp', 3, 4, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['icmp/0.0.0.0/0', 'icmp', -1, -1, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['icmpv6/::/0', 'icmpv6', -1, -1, { kind: 'cidr', text: '::/0' }],
    ['50/0.0.0.0/0', '50', null, null, { kind: 'cidr', text: '0.0.0.0/0' }],
    ['tcp/443/pl-0123', 'tcp', 443, 443, { kind: 'prefix-list', text: 'pl-0123' }],
    ['tcp/443/sg-0123', 'tcp', 443, 443, { kind: 'group', text: 'sg-0123', account: null }],
    ['tcp/1/300000000002/sg-01', 'tcp', 1, 1, { kind: 'group', text: 'sg-01', account: '300000000002' }],
  ])('%s is read', (words, protocol, fromPort, toPort, source) => {
    expect(parseRule(words)).toEqual({ protocol, fromPort, toPort, source });
  });

  it.each([
    ['tcp', 'is no port'],
    ['tcp/22', 'nothing is no source'],
    ['tcp/0.0.0.0/0', '0.0.0.0 is no port'],
    ['tcp/22-/0.0.0.0/0', 'is no port'],
    ['tcp/30-20/0.0.0.0/0', 'is no range of ports'],
    ['tcp/70000/0.0.0.0/0', 'is no range of ports'],
    ['tcp/22/0.0.0.0', 'has no prefix length, such as 0.0.0.0/32'],
    ['tcp/22/::1', 'such as ::1/128'],
    ['tcp/22/0.0.0.0/33', 'is no source'],
    ['tcp/22/010.0.0.0/8', 'is no source'],
    ['tcp/22/world', 'world is no source'],
    ['sctp/22/0.0.0.0/0', 'sctp is no protocol'],
    ['256/0.0.0.0/0', '256 is no protocol'],
    ['/22/0.0.0.0/0', 'nothing is no protocol'],
    ['-1/22/0.0.0.0/0', 'protocol -1 has no ports'],
    ['50/22/0.0.0.0/0', 'protocol 50 has no ports'],
    ['icmp/256/0.0.0.0/0', 'is no ICMP type'],
    ['icmp/8:300/0.0.0.0/0', 'is no ICMP type'],
    ['tcp/22/sg-01/300000000002', 'is no source'],
    ['tcp/22/__proto__', 'is no source'],
  ])('%s is refused', (words, reason) => {
    expect(parseRule(words)).toEqual(expect.stringContaining(reason));
  });

  const range = fc.tuple(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 65_535 }));
  const traffics = fc.oneof(
    fc.tuple(fc.constantFrom('tcp', 'udp'), range).map(([protocol, [one, other]]) => {
      return { protocol, fromPort: Math.min(one, other), toPort: Math.max(one, other) };
    }),
    fc
      .tuple(
        fc.constantFrom('icmp', 'icmpv6'),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: -1, max: 255 }),
      )
      .map(([protocol, fromPort, toPort]) => ({ protocol, fromPort, toPort })),
    fc.constantFrom('-1', '0', '47', '50').map((protocol) => ({ protocol, fromPort: null, toPort: null })),
  );

  it('is the same rule once it is written and read again', () => {
    fc.assert(
      fc.property(traffics, fc.constantFrom('0.0.0.0/0', '::/0', 'pl-01', 'sg-01'), (traffic, text) => {
        const read = opening(formatRule({ ...traffic, source: opening(`-1/${text}`).source }));
        const where = { id: 'a', groupId: 'b', egress: false };
        expect(openedBy({ ...where, ...read })).toEqual(openedBy({ ...where, ...read, ...traffic }));
        expect(read.source.text).toBe(text);
      }),
    );
  });

  it.each([
    [{ protocol: '-1', fromPort: -1, toPort: -1 }, '-1/0.0.0.0/0'],
    [{ protocol: '6', fromPort: 22, toPort: 22 }, 'tcp/22/0.0.0.0/0'],
    [{ protocol: 'icmp', fromPort: -1, toPort: -1 }, 'icmp/0.0.0.0/0'],
    [{ protocol: '47', fromPort: -1, toPort: -1 }, '47/0.0.0.0/0'],
    [{ protocol: 'tcp', fromPort: null, toPort: null }, 'tcp/?/0.0.0.0/0'],
    [{ protocol: 'sctp', fromPort: 1, toPort: 1 }, 'sctp/0.0.0.0/0'],
  ])('is the same in each form in which AWS lists it: %j', (traffic, words) => {
    expect(formatRule({ ...traffic, source: { kind: 'cidr', text: '0.0.0.0/0' } })).toBe(words);
  });
});

const ssh = { protocol: 'tcp', fromPort: 22, toPort: 22 };
const ports = { ipProtocol: 'tcp', fromPort: 22, toPort: 22 };
const inXml = { IpProtocol: 'tcp', FromPort: '22', ToPort: '22' };
const listed = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 };

describe('the same rule', () => {
  it.each([
    ['tcp/22/0.0.0.0/0', { CidrIpv4: '0.0.0.0/0' }],
    ['tcp/22/::/0', { CidrIpv6: '::/0' }],
    ['tcp/22/pl-01', { PrefixListId: 'pl-01' }],
    ['tcp/22/sg-01', { ReferencedGroupInfo: { GroupId: 'sg-01' } }],
    ['tcp/22/300000000001/sg-01', { ReferencedGroupInfo: { GroupId: 'sg-01', UserId: '300000000001' } }],
  ])('%s is listed, permitted and put back', (words, source) => {
    expect(openingOf({ ...listed, ...source })).toEqual(opening(words));
    const permission = permissionOf(opening(words), undefined);
    expect(permission && openingsOf(permission)).toEqual([opening(words)]);
  });

  it.each([
    ['nested', { ipPermissions: { items: [{ ...ports, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] } }],
    ['flat', { ipPermissions: {}, ...ports, cidrIp: '0.0.0.0/0' }],
    [
      'as XML',
      {
        AuthorizeSecurityGroupIngressRequest: {
          IpPermissions: { ...inXml, IpRanges: { CidrIp: '0.0.0.0/0', tag: 1 } },
        },
      },
    ],
  ])('is asked for %s by a CloudTrail record', (_, request) => {
    const [permission] = permissionsIn(request);
    expect(permission && openingsOf(permission)).toEqual([opening('tcp/22/0.0.0.0/0')]);
  });

  it('is what the record says came of the call, and what an edit makes of it', () => {
    const made = { securityGroupRuleId: 'sgr-1', ...ports, cidrIpv4: '0.0.0.0/0' };
    const [created] = createdRulesIn({ securityGroupRuleSet: { items: [made] } });
    expect(created && openingOf(created)).toEqual(opening('tcp/22/0.0.0.0/0'));
    const SecurityGroupRule = {
      SecurityGroupRuleId: 'sgr-1',
      SecurityGroupRule: { ...inXml, ReferencedGroupId: 'sg-01' },
    };
    const [edit] = editsIn({ ModifySecurityGroupRulesRequest: { SecurityGroupRule } });
    expect(edit?.id).toBe('sgr-1');
    expect(edit?.rule && openingOf(edit.rule)).toEqual(opening('tcp/22/sg-01'));
  });

  it('is one ingress to the ledger, as a rule and as a finding', () => {
    for (const source of ['0.0.0.0/0', '::/0', 'pl-01', 'sg-01', 'that the rule lists'])
      expect(ingressKey(openingOfFinding({ ...ssh, source }))).toBe(`tcp 22 22 ${source}`);
  });
});

describe('a rule with two sources, or none', () => {
  it('is of an unknown one, cannot be put back, and has a ? in its words', () => {
    const two = openingOf({ ...listed, CidrIpv4: '0.0.0.0/0', PrefixListId: 'pl-01' });
    expect(two.source).toEqual({ kind: 'unknown', text: '0.0.0.0/0 and pl-01' });
    const [none] = openingsOf({ ...listed, IpRanges: [], UserIdGroupPairs: [{}] });
    expect(none?.source).toEqual({ kind: 'unknown', text: 'that the rule lists' });
    for (const each of [two, none ?? two]) {
      expect(permissionOf(each, undefined)).toBeUndefined();
      expect(formatRule(each)).toBe('tcp/22/?');
    }
  });
});

import type { EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { readCell } from '../../../../controlplane/sweep/read-cell.ts';
import { type Answers, context, fakeClient, open, refusal } from './cell-sample.ts';

const cell = { accountId: '111111111111', region: 'eu-west-1' };
const sweep = { sweepId: 'sweep', readAt: new Date('2026-11-01T00:00:00Z') };

const group = (id: string, ...IpPermissions: object[]) => ({
  ...{ GroupId: id, GroupName: id, VpcId: 'vpc-1', OwnerId: cell.accountId },
  IpPermissions,
});
const rule = (id: string, groupId: string, protocol: string, port: number, CidrIpv4 = '0.0.0.0/0') => ({
  ...{ SecurityGroupRuleId: id, GroupId: groupId, IsEgress: false, IpProtocol: protocol },
  ...{ FromPort: port, ToPort: port, CidrIpv4 },
});
/** One group that is open to the world, on a public interface. */
const exposed: Answers = {
  DescribeSecurityGroups: { SecurityGroups: [group('sg-1', open('tcp', 22)), group('sg-2')] },
  DescribeSecurityGroupRules: { SecurityGroupRules: [rule('sgr-1', 'sg-1', 'tcp', 22)] },
  DescribeNetworkInterfaces: {
    NetworkInterfaces: [
      {
        ...{ NetworkInterfaceId: 'eni-1', SubnetId: 'subnet-1', Status: 'in-use' },
        ...{ Groups: [{ GroupId: 'sg-1' }], Association: { PublicIp: '52.0.0.1' } },
      },
    ],
  },
  DescribeSubnets: { Subnets: [{ SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId: cell.accountId }] },
  DescribeRouteTables: {
    RouteTables: [
      {
        ...{ RouteTableId: 'rtb-1', VpcId: 'vpc-1', Associations: [{ Main: true }] },
        Routes: [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }],
      },
    ],
  },
  DescribeVpcBlockPublicAccessOptions: { VpcBlockPublicAccessOptions: { InternetGatewayBlockMode: 'off' } },
};

async function reading(answers: Answers, cloudTrail: Answers = {}, more = {}) {
  const { reading: given, ...seen } = context(answers, cloudTrail, more);
  const read = await readCell(given, cell, sweep);
  if (read.kind !== 'read') throw new Error(read.reason);
  return { ...seen, ...read };
}

describe('a clean cell', () => {
  test('takes one call', async () => {
    const clean = group('sg-1', open('tcp', 443, '10.0.0.0/8'));
    const { reading: read, calls } = await reading({
      DescribeSecurityGroups: { SecurityGroups: [clean, group('sg-2')] },
    });
    expect(read).toEqual({
      ...{ ...cell, ...sweep, policyDigest: 'digest' },
      ...{ groups: 2, findings: [], undecided: [] },
    });
    expect(calls()).toEqual(['DescribeSecurityGroups']);
  });

  test('is listed in pages of 1,000, without a filter', async () => {
    const pages: Record<string, object> = {
      '': { SecurityGroups: [group('sg-1')], NextToken: 'b' },
      b: { SecurityGroups: [group('sg-2')] },
    };
    const answer = ({ NextToken = '' }: { NextToken?: string }) => pages[NextToken];
    const { reading: read, asked } = await reading({ DescribeSecurityGroups: answer });
    expect(read.groups).toBe(2);
    expect(asked.map(({ input }) => input)).toEqual([
      { MaxResults: 1000, NextToken: undefined },
      { MaxResults: 1000, NextToken: 'b' },
    ]);
  });
});

describe('a finding', () => {
  test('has the rule id, the exposure and the verdict', async () => {
    const { reading: read, notes } = await reading(exposed);
    expect(read.findings).toEqual([
      expect.objectContaining({
        ...{ groupId: 'sg-1', vpcId: 'vpc-1', ruleId: 'sgr-1', ingress: 'tcp 22 22 0.0.0.0/0' },
        ...{ protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0' },
        ...{
          policyRule: 'world',
          severity: 'critical',
          mode: 'revoke',
          exceptions: [],
          owner: null,
          openedBy: null,
        },
      }),
    ]);
    expect(read.findings[0]?.exposure).toMatchObject({ level: 'reachable', addresses: ['52.0.0.1'] });
    expect(notes).toEqual([]);
  });

  test('of every protocol has the identity that DescribeSecurityGroupRules gives it', async () => {
    const everything = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const groups = { DescribeSecurityGroups: { SecurityGroups: [group('sg-1', everything)] } };
    const listed = { SecurityGroupRules: [rule('sgr-1', 'sg-1', '-1', -1)] };
    const known = await reading({ ...groups, DescribeSecurityGroupRules: listed });
    const notKnown = await reading({
      ...groups,
      DescribeSecurityGroupRules: refusal('UnauthorizedOperation'),
    });
    expect(known.reading.findings[0]).toMatchObject({ ruleId: 'sgr-1', ingress: '-1 -1 -1 0.0.0.0/0' });
    expect(notKnown.reading.findings[0]).toMatchObject({ ruleId: null, ingress: '-1 -1 -1 0.0.0.0/0' });
    expect(notKnown.notes).toEqual(['the ids of the rules could not be read: UnauthorizedOperation: no']);
  });

  test('that an exception allows names the exception', async () => {
    const groups = { DescribeSecurityGroups: { SecurityGroups: [group('sg-bastion', open('tcp', 22))] } };
    const { reading: read } = await reading(groups);
    expect(read.findings[0]).toMatchObject({
      policyRule: 'world',
      exceptions: [{ name: 'bastion', expires: null }],
    });
  });

  test('names who opened it, who is the owner where no tag names one', async () => {
    const CloudTrailEvent = JSON.stringify({
      ...{ eventName: 'AuthorizeSecurityGroupIngress', eventID: 'e-1', eventTime: '2026-10-01T00:00:00Z' },
      ...{ userIdentity: { arn: 'arn:eve' }, requestParameters: { groupId: 'sg-1' } },
      responseElements: {
        securityGroupRuleSet: { items: [{ securityGroupRuleId: 'sgr-1', groupId: 'sg-1' }] },
      },
    });
    const { reading: read } = await reading(exposed, { LookupEvents: { Events: [{ CloudTrailEvent }] } });
    expect(read.findings[0]).toMatchObject({
      openedBy: { principal: 'arn:eve', eventId: 'e-1' },
      owner: { by: 'principal', value: 'arn:eve' },
    });
  });

  test('has the owner that the account tag names', async () => {
    const { reading: read } = await reading(exposed, {}, { accountTags: async () => ({ Owner: 'web' }) });
    expect(read.findings[0]?.owner).toEqual({ by: 'account-tag', tag: 'Owner', value: 'web' });
  });

  test('keeps the page where the group was listed: only offending groups are read further', async () => {
    const { asked } = await reading(exposed);
    const filters = asked.flatMap(({ input }) => (input.Filters ? [input.Filters] : []));
    expect(filters.slice(0, 2)).toEqual([
      [{ Name: 'group-id', Values: ['sg-1'] }],
      [{ Name: 'group-id', Values: ['sg-1'] }],
    ]);
  });
});

describe('what cannot be read', () => {
  test.each([
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'DescribeRouteTables',
    'DescribeVpcBlockPublicAccessOptions',
  ])('without %s the exposure is unknown, with the reason', async (name) => {
    const { reading: read } = await reading({ ...exposed, [name]: refusal('UnauthorizedOperation') });
    expect(read.findings[0]?.exposure.level).toBe('unknown');
    expect(read.findings[0]?.exposure.why).toContain('UnauthorizedOperation');
  });

  test('without exclusions of Block Public Access the exposure is unknown', async () => {
    const { reading: read } = await reading({
      ...exposed,
      DescribeVpcBlockPublicAccessOptions: {
        VpcBlockPublicAccessOptions: { InternetGatewayBlockMode: 'block-ingress' },
      },
      DescribeVpcBlockPublicAccessExclusions: refusal('UnauthorizedOperation'),
    });
    expect(read.findings[0]?.exposure.level).toBe('unknown');
  });

  test('without LookupEvents no one is named, and a note says so', async () => {
    const { reading: read, notes } = await reading(exposed, {
      LookupEvents: refusal('AccessDeniedException'),
    });
    expect(read.findings[0]).toMatchObject({ openedBy: null, owner: null });
    expect(notes).toEqual(['who opened the rules could not be read: AccessDeniedException: no']);
  });

  test('a failed page leaves the cell not checked', async () => {
    const answer = ({ NextToken }: { NextToken?: string }) =>
      NextToken ? refusal('UnauthorizedOperation') : { SecurityGroups: [group('sg-1')], NextToken: 'b' };
    const { reading: given } = context({ DescribeSecurityGroups: answer });
    expect(await readCell(given, cell, sweep)).toEqual({
      kind: 'not-checked',
      reason: 'UnauthorizedOperation: no',
    });
  });

  test('an account that cannot be entered is not checked', async () => {
    const ec2 = () => {
      throw refusal('AccessDenied');
    };
    const { reading: given } = context(ec2 as (accountId: string) => EC2Client);
    expect(await readCell(given, cell, sweep)).toMatchObject({ kind: 'not-checked' });
  });

  test('a rule with a prefix list that cannot be read is undecided', async () => {
    const listed = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, PrefixListIds: [{ PrefixListId: 'pl-1' }] };
    const { reading: read } = await reading({
      DescribeSecurityGroups: { SecurityGroups: [group('sg-1', listed)] },
      DescribeManagedPrefixLists: refusal('UnauthorizedOperation'),
    });
    expect(read.findings).toEqual([]);
    expect(read.undecided).toEqual([
      expect.objectContaining({
        groupId: 'sg-1',
        ingress: 'tcp 22 22 pl-1',
        reason: expect.stringContaining('pl-1'),
      }),
    ]);
  });
});

describe('a shared VPC', () => {
  test('groups of other accounts are left to their own cells, and the accounts are named', async () => {
    const foreign = { ...group('sg-9', open('tcp', 22)), OwnerId: '333333333333' };
    const { reading: read, otherOwners } = await reading({
      DescribeSecurityGroups: { SecurityGroups: [foreign, group('sg-2')] },
    });
    expect(read).toMatchObject({ groups: 1, findings: [] });
    expect(otherOwners).toEqual(['333333333333']);
  });

  test('the network of a shared subnet is read in the account that owns the VPC', async () => {
    const owner = '222222222222';
    const shared = { Subnets: [{ SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId: owner }] };
    const { DescribeRouteTables, DescribeVpcBlockPublicAccessOptions, ...own } = exposed;
    const participant = fakeClient({ ...own, DescribeSubnets: shared });
    const vpcOwner = fakeClient({ DescribeRouteTables, DescribeVpcBlockPublicAccessOptions });
    const { reading: given } = context((id) => (id === owner ? vpcOwner.client : participant.client));
    const read = await readCell(given, cell, sweep);
    expect(read).toMatchObject({ reading: { findings: [{ exposure: { level: 'reachable' } }] } });
  });
});

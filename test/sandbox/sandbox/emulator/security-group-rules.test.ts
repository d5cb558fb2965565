import { EC2, type IpPermission, type SecurityGroupRuleRequest } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

let sandbox: Sandbox;
let ec2: EC2;
let GroupId: string;
let groups = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  ec2 = new EC2(sandbox.root('300000000001', 'eu-west-1'));
});
afterAll(() => sandbox?.stop());
beforeEach(async () => {
  groups += 1;
  const made = { GroupName: `group-${groups}`, Description: 'test' };
  GroupId = (await ec2.createSecurityGroup(made)).GroupId ?? '';
});

const ssh = (...ranges: string[]): IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: 22,
  ToPort: 22,
  IpRanges: ranges.map((CidrIp) => ({ CidrIp })),
});
const authorize = (...IpPermissions: IpPermission[]) =>
  ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
const modify = (...changes: [id: string, to: SecurityGroupRuleRequest][]) =>
  ec2.modifySecurityGroupRules({
    GroupId,
    SecurityGroupRules: changes.map(([SecurityGroupRuleId, SecurityGroupRule]) => ({
      SecurityGroupRuleId,
      SecurityGroupRule,
    })),
  });
async function rules() {
  const Filters = [{ Name: 'group-id', Values: [GroupId] }];
  const found = await ec2.describeSecurityGroupRules({ Filters });
  return (found.SecurityGroupRules ?? []).filter(({ IsEgress }) => !IsEgress);
}
const ranges = async () => (await rules()).map(({ CidrIpv4, CidrIpv6 }) => CidrIpv4 ?? CidrIpv6);
const ids = async () => (await rules()).map(({ SecurityGroupRuleId = '' }) => SecurityGroupRuleId);

describe('a rule that is there already', () => {
  test("fails the whole call with EC2's error, and adds nothing", async () => {
    await authorize(ssh('0.0.0.0/0'));
    await expect(authorize(ssh('10.0.0.0/8', '0.0.0.0/0'))).rejects.toMatchObject({
      name: 'InvalidPermission.Duplicate',
      message: 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists',
      $metadata: { httpStatusCode: 400 },
    });
    expect(await ranges()).toEqual(['0.0.0.0/0']);
  });

  test.each<[string, IpPermission, IpPermission]>([
    [
      'another description',
      ssh('10.0.0.0/8'),
      { ...ssh(), IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'x' }] },
    ],
    ['host bits', ssh('10.0.0.0/8'), ssh('10.1.2.3/8')],
    ['the number of the protocol', ssh('10.0.0.0/8'), { ...ssh('10.0.0.0/8'), IpProtocol: '6' }],
    [
      'another spelling of an IPv6 range',
      { ...ssh(), Ipv6Ranges: [{ CidrIpv6: '2001:DB8:0::/48' }] },
      { ...ssh(), Ipv6Ranges: [{ CidrIpv6: '2001:db8::/48' }] },
    ],
    [
      'ports of every protocol',
      { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: '-1', FromPort: 0, ToPort: 65535, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ],
  ])('is the same with %s', async (_, first, second) => {
    await authorize(first);
    await expect(authorize(second)).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
    expect(await rules()).toHaveLength(1);
  });

  test('is another with another port, source or direction', async () => {
    await authorize(ssh('10.0.0.0/8'), { ...ssh('10.0.0.0/8'), ToPort: 23 }, ssh('10.0.0.0/9'));
    await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [ssh('10.0.0.0/8')] });
    expect(await rules()).toHaveLength(3);
  });

  test('twice in one call is refused', async () => {
    await expect(authorize(ssh('10.0.0.0/8', '10.9.9.9/8'))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    expect(await rules()).toEqual([]);
  });

  test('and an address that is none is refused', async () => {
    await expect(authorize(ssh('10.0.0.0/33'))).rejects.toThrow(/CIDR block 10.0.0.0\/33 is malformed/);
  });
});

describe('rules', () => {
  test('are one for each source, each with a new id in the answer of the call', async () => {
    const { SecurityGroupRules = [] } = await authorize({
      ...ssh('0.0.0.0/0', '10.0.0.0/8'),
      Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'all' }],
    });
    expect(SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId)).toEqual(await ids());
    const [before] = await ids();
    await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [before ?? ''] });
    await authorize(ssh('0.0.0.0/0'));
    expect(await ids()).toHaveLength(3);
    expect(await ids()).not.toContain(before);
  });

  test('keep the tags that the call gives them', async () => {
    const Tags = [{ Key: 'owner', Value: 'shop' }];
    await ec2.authorizeSecurityGroupIngress({
      GroupId,
      IpPermissions: [ssh('10.0.0.0/8', '10.0.0.0/9')],
      TagSpecifications: [{ ResourceType: 'security-group-rule', Tags }],
    });
    expect((await rules()).map((rule) => rule.Tags)).toEqual([Tags, Tags]);
  });

  test('name the account of a source group', async () => {
    const group = { GroupId: 'sg-0a1b2c3d4e5f60001', UserId: '300000000002' };
    await authorize({ ...ssh(), UserIdGroupPairs: [group] });
    expect(await rules()).toMatchObject([{ ReferencedGroupInfo: group, GroupOwnerId: '300000000001' }]);
  });

  test('can be added and removed by the name of a group of the default VPC', async () => {
    const GroupName = `group-${groups}`;
    const flat = { GroupName, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
    await ec2.authorizeSecurityGroupIngress(flat);
    expect(await ranges()).toEqual(['0.0.0.0/0']);
    await ec2.revokeSecurityGroupIngress(flat);
    expect(await rules()).toEqual([]);
    await expect(ec2.authorizeSecurityGroupIngress({ ...flat, GroupName: 'none' })).rejects.toMatchObject({
      name: 'InvalidGroup.NotFound',
    });
  });
});

describe('an edit', () => {
  const world: SecurityGroupRuleRequest = {
    IpProtocol: 'tcp',
    FromPort: 22,
    ToPort: 22,
    CidrIpv4: '0.0.0.0/0',
  };

  test('replaces the rule, which keeps its id, and says whether it is another kind of source', async () => {
    await authorize(ssh('10.0.0.0/8'), ssh('11.0.0.0/8'));
    const [first = '', second = ''] = await ids();
    await modify(
      [first, { IpProtocol: '-1', CidrIpv6: '::/0', Description: 'open' }],
      [second, { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, PrefixListId: 'pl-0123456789abcdef0' }],
    );
    expect(await ids()).toEqual([first, second]);
    expect(await rules()).toMatchObject([
      { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv6: '::/0', Description: 'open' },
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, PrefixListId: 'pl-0123456789abcdef0' },
    ]);
    expect((await rules()).map(({ CidrIpv4 }) => CidrIpv4)).toEqual([undefined, undefined]);
  });

  test('to a group of one\u2019s own names it', async () => {
    await authorize(ssh('10.0.0.0/8'));
    const [id = ''] = await ids();
    await modify([id, { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ReferencedGroupId: GroupId }]);
    expect(await rules()).toMatchObject([{ ReferencedGroupInfo: { GroupId, UserId: '300000000001' } }]);
  });

  test.each<[string, (id: string) => [string, SecurityGroupRuleRequest], string]>([
    ['an unknown rule', () => ['sgr-0a1b2c3d4e5f60001', world], 'InvalidSecurityGroupRuleId.NotFound'],
    [
      'a rule that is there',
      (id) => [id, { ...world, CidrIpv4: '11.0.0.0/8' }],
      'InvalidPermission.Duplicate',
    ],
    ['no source', (id) => [id, { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 }], 'InvalidParameterValue'],
    ['two sources', (id) => [id, { ...world, CidrIpv6: '::/0' }], 'InvalidParameterValue'],
  ])('that names %s changes nothing, not even its other rules', async (_, wrong, name) => {
    await authorize(ssh('10.0.0.0/8'), ssh('11.0.0.0/8'), ssh('12.0.0.0/8'));
    const [first = '', , third = ''] = await ids();
    await expect(modify([first, world], wrong(third))).rejects.toMatchObject({ name });
    expect(await ranges()).toEqual(['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8']);
  });
});

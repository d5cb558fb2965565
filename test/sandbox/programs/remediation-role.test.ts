import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { remediationPermissions } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { limitedRole } from '../../worlds/least-privilege.ts';

const member = { accountId: '300000000001', region: 'eu-west-1' };
const denied = { name: 'UnauthorizedOperation' };
let sandbox: Sandbox;
let root: EC2Client;
let GroupId: string;
let groups = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  root = new EC2Client(sandbox.root(member.accountId, member.region));
});
afterAll(() => sandbox?.stop());
beforeEach(async () => {
  groups += 1;
  const made = { GroupName: `group-${groups}`, Description: 'test' };
  GroupId = (await root.send(new CreateSecurityGroupCommand(made))).GroupId ?? '';
});

const authorize = (client: EC2Client, CidrIp: string, Tags?: Tag[]) =>
  client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp }] }],
      ...(Tags && { TagSpecifications: [{ ResourceType: 'security-group-rule', Tags }] }),
    }),
  );
async function rules() {
  const Filters = [{ Name: 'group-id', Values: [GroupId] }];
  const found = await root.send(new DescribeSecurityGroupRulesCommand({ Filters }));
  return (found.SecurityGroupRules ?? []).filter(({ IsEgress }) => !IsEgress);
}
const sources = async () => (await rules()).map(({ CidrIpv4 }) => CidrIpv4);
const as = async (...statements: Parameters<typeof limitedRole>[2][]) =>
  new EC2Client(await limitedRole(sandbox, member, ...statements));
const role = (narrowing: boolean) => {
  const document = remediationPermissions({ partition: 'aws', ...member }, { narrowing, securityHub: false });
  return as(...JSON.parse(document).Statement);
};
const resource = (kind: string) => `arn:aws:ec2:*:${member.accountId}:${kind}/*`;

describe('the remediation role', () => {
  test('allows no ingress when narrowing is off', async () => {
    await expect(authorize(await role(false), '203.0.113.0/24')).rejects.toMatchObject(denied);
    expect(await sources()).toEqual([]);
  });

  test('allows ranges when narrowing is on, and gives their rules no tags', async () => {
    const client = await role(true);
    await authorize(client, '203.0.113.0/24');
    await expect(authorize(client, '203.0.114.0/24', [{ Key: 'a', Value: 'b' }])).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('ec2:CreateTags'),
    });
    expect(await sources()).toEqual(['203.0.113.0/24']);
  });

  test('revokes by rule id', async () => {
    const { SecurityGroupRules } = await authorize(root, '0.0.0.0/0');
    const SecurityGroupRuleIds = [SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? ''];
    const client = await role(false);
    await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
    expect(await sources()).toEqual([]);
  });
});

describe('a role that may act on security groups and not on their rules', () => {
  const calls = ['ec2:RevokeSecurityGroupIngress', 'ec2:ModifySecurityGroupRules', 'ec2:CreateTags'];
  const Statement = { Action: calls, Resource: resource('security-group') };

  test('is refused what names rules', async () => {
    const { SecurityGroupRules } = await authorize(root, '10.0.0.0/8');
    const id = SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
    const client = await as(Statement);
    const SecurityGroupRule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0' };
    const revoke = { GroupId, SecurityGroupRuleIds: [id] };
    const modify = { GroupId, SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule }] };
    const tag = { Resources: [GroupId, id], Tags: [{ Key: 'a', Value: 'b' }] };
    await expect(client.send(new RevokeSecurityGroupIngressCommand(revoke))).rejects.toMatchObject(denied);
    await expect(client.send(new ModifySecurityGroupRulesCommand(modify))).rejects.toMatchObject(denied);
    await expect(client.send(new CreateTagsCommand(tag))).rejects.toMatchObject(denied);
    expect(await rules()).toMatchObject([{ SecurityGroupRuleId: id, CidrIpv4: '10.0.0.0/8' }]);
  });

  test('may still revoke by properties and tag groups', async () => {
    await authorize(root, '10.0.0.0/8');
    const client = await as(Statement);
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    ];
    await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    await client.send(new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'a', Value: 'b' }] }));
    expect(await sources()).toEqual([]);
  });
});

describe('a role that may tag rules as they are made', () => {
  const Condition = { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } };
  const statements = [
    { Action: 'ec2:AuthorizeSecurityGroupIngress', Resource: resource('security-group') },
    { Action: 'ec2:CreateTags', Resource: resource('security-group-rule'), Condition },
  ];

  test('does so, and tags none that is there', async () => {
    const client = await as(...statements);
    const Tags = [{ Key: 'owner', Value: 'shop' }];
    await authorize(client, '10.0.0.0/8', Tags);
    const [made] = await rules();
    expect(made?.Tags).toEqual(Tags);
    const later = new CreateTagsCommand({
      Resources: [made?.SecurityGroupRuleId ?? ''],
      Tags: [{ Key: 'owner', Value: 'else' }],
    });
    await expect(client.send(later)).rejects.toMatchObject(denied);
    expect((await rules())[0]?.Tags).toEqual(Tags);
  });
});

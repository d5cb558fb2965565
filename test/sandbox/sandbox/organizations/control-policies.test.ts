import { DescribeRegionsCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import * as org from '@aws-sdk/client-organizations';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { attachPolicy, regionDeny } from '../../../worlds/control-policies.ts';
import { refusal } from './event-listener.ts';

const management = '111111111111';
const production = '300000000002';
const playground = '300000000005';
const denied = 'eu-central-1';
const accessRole = 'OrganizationAccountAccessRole';
const allowed = ['eu-west-1', 'us-east-1'];

let sandbox: Sandbox;
let organizations: org.OrganizationsClient;
let rootId = '';
const units = new Map<string, string>();
const attached: { detach(): Promise<unknown> }[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  organizations = new org.OrganizationsClient({ ...sandbox.root(management, 'us-east-1'), maxAttempts: 1 });
  rootId = (await organizations.send(new org.ListRootsCommand({}))).Roots?.[0]?.Id ?? '';
  const found = await organizations.send(
    new org.ListOrganizationalUnitsForParentCommand({ ParentId: rootId }),
  );
  for (const { Id = '', Name = '' } of found.OrganizationalUnits ?? []) units.set(Name, Id);
});
afterEach(async () => {
  for (const policy of attached.splice(0)) await policy.detach();
});
afterAll(() => sandbox?.stop());

const unit = (name: string) => units.get(name) ?? '';
async function attach(target: string, content: string) {
  const policy = await attachPolicy(sandbox, target, content);
  attached.push(policy);
  return policy;
}

/** Settings of a member's role, assumed by the management account. */
async function as(accountId: string, region: string, RoleName = accessRole) {
  const sts = new STSClient(sandbox.root(management, 'eu-west-1'));
  const RoleArn = RoleName.startsWith('arn:') ? RoleName : `arn:aws:iam::${accountId}:role/${RoleName}`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return { endpoint: sandbox.endpoint, region, credentials, maxAttempts: 1 };
}
const groups = async (accountId: string, region: string, role?: string) =>
  new EC2Client(await as(accountId, region, role)).send(new DescribeSecurityGroupsCommand({}));

describe('a Region deny policy of an organizational unit', () => {
  it('refuses calls in other Regions in the words of AWS, and only there', async () => {
    const { arn } = await attach(unit('Production'), regionDeny({ allowed }));
    const error = await groups(production, denied).catch((refused: Error) => refused);
    expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
    const user = `arn:aws:sts::${production}:assumed-role/${accessRole}/test`;
    expect((error as Error).message).toContain(
      `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ec2:DescribeSecurityGroups`,
    );
    expect((error as Error).message).toContain(
      ` with an explicit deny in a service control policy: ${arn}. Encoded authorization failure message: `,
    );
    expect((await groups(production, 'eu-west-1')).SecurityGroups).toBeDefined();
    expect((await groups(playground, denied)).SecurityGroups).toBeDefined();
    const sqs = new SQSClient(await as(production, denied));
    const queue = await sqs
      .send(new CreateQueueCommand({ QueueName: 'any' }))
      .catch((refused: Error) => refused);
    expect((queue as Error).message).toContain('with an explicit deny in a service control policy');
  });

  it('leaves out its exempted actions, and global services are in us-east-1', async () => {
    await attach(unit('Production'), regionDeny({ allowed }));
    const ec2 = new EC2Client(await as(production, denied));
    expect((await ec2.send(new DescribeRegionsCommand({}))).Regions).not.toHaveLength(0);
    const everything = regionDeny({ allowed }).replace(/"NotAction":\[[^\]]*\]/, '"Action":"*"');
    await attach(unit('Production'), everything);
    const iam = new IAMClient(await as(production, denied));
    expect((await iam.send(new ListRolesCommand({}))).Roles).not.toHaveLength(0);
    expect(await refusal(ec2.send(new DescribeRegionsCommand({})))).toBe('UnauthorizedOperation');
  });

  it('does not bind principals that it exempts, nor service-linked roles', async () => {
    await attach(unit('Production'), regionDeny({ allowed, exempt: [`arn:aws:iam::*:role/${accessRole}`] }));
    expect((await groups(production, denied)).SecurityGroups).toBeDefined();
    await attach(unit('Production'), regionDeny({ allowed }));
    expect(await refusal(groups(production, denied))).toBe('UnauthorizedOperation');
    const iam = new IAMClient(sandbox.root(production, 'us-east-1'));
    const trust = { Effect: 'Allow', Principal: { AWS: management }, Action: 'sts:AssumeRole' };
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName: 'AWSServiceRoleForTest',
        Path: '/aws-service-role/test.amazonaws.com/',
        AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
      }),
    );
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'AWSServiceRoleForTest', PolicyArn }));
    expect((await groups(production, denied, Role?.Arn)).SecurityGroups).toBeDefined();
  });

  it('on the root it binds every member, and not the management account', async () => {
    const everything = regionDeny({ allowed }).replace(/"NotAction":\[[^\]]*\]/, '"Action":"*"');
    await attach(rootId, everything);
    expect(await refusal(groups(playground, denied))).toBe('UnauthorizedOperation');
    const key = sandbox.environment;
    const control = new EC2Client({
      endpoint: sandbox.endpoint,
      region: denied,
      credentials: {
        accessKeyId: key.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: key.AWS_SECRET_ACCESS_KEY ?? '',
      },
    });
    expect((await control.send(new DescribeRegionsCommand({}))).Regions).not.toHaveLength(0);
  });

  it('goes with an account that moves', async () => {
    await attach(unit('Production'), regionDeny({ allowed }));
    const move = {
      AccountId: playground,
      SourceParentId: unit('Sandbox'),
      DestinationParentId: unit('Production'),
    };
    await organizations.send(new org.MoveAccountCommand(move));
    expect(await refusal(groups(playground, denied))).toBe('UnauthorizedOperation');
    const back = { ...move, SourceParentId: unit('Production'), DestinationParentId: unit('Sandbox') };
    await organizations.send(new org.MoveAccountCommand(back));
    expect((await groups(playground, denied)).SecurityGroups).toBeDefined();
  });
});

describe('the policies of a unit', () => {
  it('have to allow a call on each level', async () => {
    const target = { TargetId: playground };
    const ec2Only = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }],
    });
    await attach(playground, ec2Only);
    await organizations.send(new org.DetachPolicyCommand({ ...target, PolicyId: 'p-FullAWSAccess' }));
    expect((await groups(playground, denied)).SecurityGroups).toBeDefined();
    const iam = new IAMClient(await as(playground, 'us-east-1'));
    const error = (await iam.send(new ListRolesCommand({})).catch((refused) => refused)) as Error;
    expect(error.message).toContain('because no service control policy allows the iam:ListRoles action');
    await organizations.send(new org.AttachPolicyCommand({ ...target, PolicyId: 'p-FullAWSAccess' }));
  });

  it('are listed, and the last one stays', async () => {
    const Filter = 'SERVICE_CONTROL_POLICY';
    const TargetId = unit('Sandbox');
    const list = () => organizations.send(new org.ListPoliciesForTargetCommand({ TargetId, Filter }));
    expect((await list()).Policies?.map(({ Name }) => Name)).toEqual(['FullAWSAccess']);
    const PolicyId = 'p-FullAWSAccess';
    expect(await refusal(organizations.send(new org.DetachPolicyCommand({ TargetId, PolicyId })))).toBe(
      'ConstraintViolationException',
    );
    await attach(TargetId, regionDeny({ allowed }));
    expect((await list()).Policies).toHaveLength(2);
    const bad = { Content: '{"Version":"2012-10-17"}', Description: '', Name: 'bad', Type: Filter } as const;
    expect(await refusal(organizations.send(new org.CreatePolicyCommand(bad)))).toBe(
      'MalformedPolicyDocumentException',
    );
  });
});

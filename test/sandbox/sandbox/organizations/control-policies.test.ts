import { EC2 } from '@aws-sdk/client-ec2';
import { IAM } from '@aws-sdk/client-iam';
import { Organizations } from '@aws-sdk/client-organizations';
import { SQS } from '@aws-sdk/client-sqs';
import { STS } from '@aws-sdk/client-sts';
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
let organizations: Organizations;
let rootId = '';
const units = new Map<string, string>();
const attached: { detach(): Promise<unknown> }[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  organizations = new Organizations({ ...sandbox.root(management, 'us-east-1'), maxAttempts: 1 });
  rootId = (await organizations.listRoots({})).Roots?.[0]?.Id ?? '';
  const found = await organizations.listOrganizationalUnitsForParent({ ParentId: rootId });
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
  const sts = new STS(sandbox.root(management, 'eu-west-1'));
  const RoleArn = RoleName.startsWith('arn:') ? RoleName : `arn:aws:iam::${accountId}:role/${RoleName}`;
  const { Credentials } = await sts.assumeRole({ RoleArn, RoleSessionName: 'test' });
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return { endpoint: sandbox.endpoint, region, credentials, maxAttempts: 1 };
}
const groups = async (accountId: string, region: string, role?: string) =>
  new EC2(await as(accountId, region, role)).describeSecurityGroups({});

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
    const sqs = new SQS(await as(production, denied));
    const queue = await sqs.createQueue({ QueueName: 'any' }).catch((refused: Error) => refused);
    expect((queue as Error).message).toContain('with an explicit deny in a service control policy');
  });

  it('leaves out its exempted actions, and global services are in us-east-1', async () => {
    await attach(unit('Production'), regionDeny({ allowed }));
    const ec2 = new EC2(await as(production, denied));
    expect((await ec2.describeRegions({})).Regions).not.toHaveLength(0);
    const everything = regionDeny({ allowed }).replace(/"NotAction":\[[^\]]*\]/, '"Action":"*"');
    await attach(unit('Production'), everything);
    const iam = new IAM(await as(production, denied));
    expect((await iam.listRoles({})).Roles).not.toHaveLength(0);
    expect(await refusal(ec2.describeRegions({}))).toBe('UnauthorizedOperation');
  });

  it('does not bind principals that it exempts, nor service-linked roles', async () => {
    await attach(unit('Production'), regionDeny({ allowed, exempt: [`arn:aws:iam::*:role/${accessRole}`] }));
    expect((await groups(production, denied)).SecurityGroups).toBeDefined();
    await attach(unit('Production'), regionDeny({ allowed }));
    expect(await refusal(groups(production, denied))).toBe('UnauthorizedOperation');
    const iam = new IAM(sandbox.root(production, 'us-east-1'));
    const trust = { Effect: 'Allow', Principal: { AWS: management }, Action: 'sts:AssumeRole' };
    const { Role } = await iam.createRole({
      RoleName: 'AWSServiceRoleForTest',
      Path: '/aws-service-role/test.amazonaws.com/',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    });
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await iam.attachRolePolicy({ RoleName: 'AWSServiceRoleForTest', PolicyArn });
    expect((await groups(production, denied, Role?.Arn)).SecurityGroups).toBeDefined();
  });

  it('on the root it binds every member, and not the management account', async () => {
    const everything = regionDeny({ allowed }).replace(/"NotAction":\[[^\]]*\]/, '"Action":"*"');
    await attach(rootId, everything);
    expect(await refusal(groups(playground, denied))).toBe('UnauthorizedOperation');
    const key = sandbox.environment;
    const control = new EC2({
      endpoint: sandbox.endpoint,
      region: denied,
      credentials: {
        accessKeyId: key.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: key.AWS_SECRET_ACCESS_KEY ?? '',
      },
    });
    expect((await control.describeRegions({})).Regions).not.toHaveLength(0);
  });

  it('goes with an account that moves', async () => {
    await attach(unit('Production'), regionDeny({ allowed }));
    const move = {
      AccountId: playground,
      SourceParentId: unit('Sandbox'),
      DestinationParentId: unit('Production'),
    };
    await organizations.moveAccount(move);
    expect(await refusal(groups(playground, denied))).toBe('UnauthorizedOperation');
    const back = { ...move, SourceParentId: unit('Production'), DestinationParentId: unit('Sandbox') };
    await organizations.moveAccount(back);
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
    await organizations.detachPolicy({ ...target, PolicyId: 'p-FullAWSAccess' });
    expect((await groups(playground, denied)).SecurityGroups).toBeDefined();
    const iam = new IAM(await as(playground, 'us-east-1'));
    const error = (await iam.listRoles({}).catch((refused) => refused)) as Error;
    expect(error.message).toContain('because no service control policy allows the iam:ListRoles action');
    await organizations.attachPolicy({ ...target, PolicyId: 'p-FullAWSAccess' });
  });

  it('are listed, and the last one stays', async () => {
    const Filter = 'SERVICE_CONTROL_POLICY';
    const TargetId = unit('Sandbox');
    const list = () => organizations.listPoliciesForTarget({ TargetId, Filter });
    expect((await list()).Policies?.map(({ Name }) => Name)).toEqual(['FullAWSAccess']);
    const PolicyId = 'p-FullAWSAccess';
    expect(await refusal(organizations.detachPolicy({ TargetId, PolicyId }))).toBe(
      'ConstraintViolationException',
    );
    await attach(TargetId, regionDeny({ allowed }));
    expect((await list()).Policies).toHaveLength(2);
    const bad = { Content: '{"Version":"2012-10-17"}', Description: '', Name: 'bad', Type: Filter } as const;
    expect(await refusal(organizations.createPolicy(bad))).toBe('MalformedPolicyDocumentException');
  });
});

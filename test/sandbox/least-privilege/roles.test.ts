import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand, ListRolePoliciesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  DeregisterDelegatedAdministratorCommand,
  RemoveAccountFromOrganizationCommand,
} from '@aws-sdk/client-organizations';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { EnableSecurityHubCommand } from '@aws-sdk/client-securityhub';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names, roleArn } from '../../../programs/names.ts';
import { forwarderTrust, lambdaTrust } from '../../../programs/policies.ts';
import type { Remediation } from '../../../sandbox/demo/control-plane.ts';
import { openToTheWorld, until } from '../../../sandbox/demo/security-group.ts';
import type { World } from '../../../sandbox/demo/world.ts';
import { deployedWorld, hub, management, member, topicArn } from '../../worlds/least-privilege.ts';
import { type Ground, office } from './actions.ts';
import { permitEverything } from './excess.ts';
import { rows } from './rows.ts';
import { assume, type Caller, callerWith, sessionOfServiceRole } from './sessions.ts';

const lambdaRole = roleArn(hub, names.lambdaRole);
const remediationRole = roleArn({ ...hub, ...member }, names.remediationRole);
const forwarderRole = roleArn({ ...hub, ...member }, names.forwarderRole);
const refusalNames =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationErrorException)$/;
const refusal = { name: expect.stringMatching(refusalNames) };

let world: World;
let callers: Record<string, Caller>;
let ground: Ground;

const root = (accountId: string) => callerWith(world.sandbox.root(accountId));

beforeAll(async () => {
  world = await deployedWorld();
  const { environment, sandbox } = world;
  const lambda = await sessionOfServiceRole(sandbox, lambdaRole, lambdaTrust());
  callers = {
    "the Lambda's role": lambda,
    "a member's remediation role": await assume(lambda, remediationRole),
    "a member's forwarder role": await sessionOfServiceRole(
      sandbox,
      forwarderRole,
      forwarderTrust(member.accountId),
    ),
    "the control plane's user": callerWith({
      endpoint: sandbox.endpoint,
      region: 'us-east-1',
      credentials: {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      },
    }),
  };
  ground = { ...(await group()), ...(await secrets()), ...(await prefixList()), endpoint: sandbox.endpoint };
  await root(hub.accountId).sns.send(new CreateTopicCommand({ Name: topicArn.split(':').at(-1) }));
  await root(member.accountId).securityHub.send(new EnableSecurityHubCommand({}));
});
afterAll(() => world?.stop());

/** A group in the member with an ingress rule that the policy allows, so that only a row's call can remove it. */
async function group(): Promise<Pick<Ground, 'groupId' | 'ruleId' | 'egressRuleId'>> {
  const { ec2 } = root(member.accountId);
  const description = { GroupName: 'least-privilege', Description: 'test' };
  const { GroupId: groupId = '' } = await ec2.send(new CreateSecurityGroupCommand(description));
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
  ];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
  const [ingress, egress] = await rulesOf(groupId);
  return { groupId, ruleId: ingress?.id ?? '', egressRuleId: egress?.id ?? '' };
}

async function prefixList(): Promise<Pick<Ground, 'prefixListId'>> {
  const made = { PrefixListName: 'least-privilege', MaxEntries: 3, AddressFamily: 'IPv4' };
  const { PrefixList } = await root(member.accountId).ec2.send(new CreateManagedPrefixListCommand(made));
  return { prefixListId: PrefixList?.PrefixListId ?? '' };
}

async function rulesOf(groupId: string) {
  const Filters = [{ Name: 'group-id', Values: [groupId] }];
  const { SecurityGroupRules = [] } = await root(member.accountId).ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters }),
  );
  return SecurityGroupRules.map((rule) => ({
    id: rule.SecurityGroupRuleId,
    egress: rule.IsEgress,
    source: rule.CidrIpv4,
  })).sort((a, b) => Number(a.egress) - Number(b.egress));
}

async function secrets() {
  const other = await root(hub.accountId).secrets.send(
    new CreateSecretCommand({ Name: 'another', SecretString: 'no role may read this' }),
  );
  return {
    slackSecretArn: world.environment.PORTCULLIS_SLACK_SECRET_ARN ?? '',
    otherSecretArn: other.ARN ?? '',
  };
}

describe('deployed through the documented policies alone', () => {
  it('the whole path works: SSH opened to the world is closed, and the audit log says so', async () => {
    const opened = await openToTheWorld(world.sandbox, { ...member, port: 22 });
    const log = `/v1/remediations?account=${member.accountId}`;
    const remediation = await until('the remediation in the audit log', 30, async () => {
      const { remediations } = await world.controlPlane.get<{ remediations: Remediation[] }>(log);
      return remediations.find(({ result }) => result.groupId === opened.groupId);
    });
    expect(remediation.outcome).toBe('remediated');
    expect(await opened.ruleIds()).toEqual([]);
  });
});

describe.each(Object.entries(rows))('%s', (who, { permitted, refused, refusedTwice }) => {
  it.each(refused)('is refused %s', async (_, make) => {
    await expect(make(callers[who] as Caller, ground)).rejects.toMatchObject(refusal);
  });

  it.each(refusedTwice)('is refused %s, not only by its policy', async (_, make) => {
    await expect(make(callers[who] as Caller, ground)).rejects.toMatchObject(refusal);
  });

  it.each(permitted)('is permitted %s', async (_, make) => {
    await expect(make(callers[who] as Caller, ground)).resolves.not.toThrow();
  });
});

describe('after all those calls', () => {
  it('the group has lost and won the one rule that was revoked and added with permission, and nothing else', async () => {
    expect(await rulesOf(ground.groupId)).toEqual([
      { id: expect.not.stringMatching(ground.ruleId), egress: false, source: office },
      { id: ground.egressRuleId, egress: true, source: '0.0.0.0/0' },
    ]);
  });

  it.each([names.remediationRole, names.forwarderRole])('%s has its own policy alone', async (RoleName) => {
    const { PolicyNames } = await root(member.accountId).iam.send(new ListRolePoliciesCommand({ RoleName }));
    expect(PolicyNames).toEqual([RoleName]);
  });
});

/** A session of a role that may assume everything, made by an account's root. */
async function mightyRole(accountId: string, RoleName: string): Promise<Caller> {
  const owner = root(accountId);
  const statement = (more: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:*', ...more }] });
  const Principal = { AWS: `arn:aws:iam::${accountId}:root` };
  await owner.iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: statement({ Principal }) }),
  );
  const PolicyDocument = statement({ Resource: '*' });
  await owner.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'all', PolicyDocument }));
  return assume(owner, roleArn({ ...hub, accountId }, RoleName));
}

describe("a member's roles and the Lambda's", () => {
  const outsider = '999999999999';
  const people: [who: string, caller: () => Promise<Caller>][] = [
    ["the member's own root", async () => root(member.accountId)],
    ["the hub's root", async () => root(hub.accountId)],
    ["the management account's root", async () => root(management)],
    ['another role of the hub', () => mightyRole(hub.accountId, 'another')],
    ['a role of the member', () => mightyRole(member.accountId, 'another')],
    [
      'a role outside the organization with the name of the Lambda role',
      () => mightyRole(outsider, names.lambdaRole),
    ],
  ];

  it.each(people)('cannot be assumed by %s', async (_, caller) => {
    const as = await caller();
    for (const arn of [remediationRole, forwarderRole, lambdaRole])
      await expect(assume(as, arn)).rejects.toMatchObject(refusal);
  });

  it("of which the remediation role cannot be assumed by the hub's Lambda role once the hub is out of the organization", async () => {
    const lambda = callers["the Lambda's role"] as Caller;
    await assume(lambda, remediationRole);
    const { organizations } = callerWith(world.sandbox.root(management, 'us-east-1'));
    const AccountId = hub.accountId;
    await organizations.send(
      new DeregisterDelegatedAdministratorCommand({
        AccountId,
        ServicePrincipal: 'account.amazonaws.com',
      }),
    );
    await organizations.send(new RemoveAccountFromOrganizationCommand({ AccountId }));
    await expect(assume(lambda, remediationRole)).rejects.toMatchObject(refusal);
  });
});

describe('with every right', () => {
  it('each caller is refused only what something other than its policy refuses', async () => {
    await permitEverything(world.sandbox);
    const tried = Object.entries(rows).flatMap(([who, { refused, refusedTwice }]) =>
      [...refused, ...refusedTwice].map(([call, make]) => ({ who, call, make })),
    );
    // A member that has left the organization gets other errors.
    const leaves = ({ call }: { call: string }) => Number(call === 'organizations:LeaveOrganization');
    const refused: string[] = [];
    for (const { who, call, make } of tried.sort((one, other) => leaves(one) - leaves(other))) {
      const error = await make(callers[who] as Caller, ground).catch((cause: Error) => cause);
      if (error instanceof Error && refusalNames.test(error.name)) refused.push(`${who}: ${call}`);
    }
    expect(refused).toEqual(
      Object.entries(rows).flatMap(([who, { refusedTwice }]) =>
        refusedTwice.map(([call]) => `${who}: ${call}`),
      ),
    );
  });
});

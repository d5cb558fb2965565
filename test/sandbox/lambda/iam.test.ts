import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeleteSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleLambda } from '../../../lambda/bundle.ts';
import { parsePolicy } from '../../../lambda/policy/parse.ts';
import { names } from '../../../programs/names.ts';
import { lambdaPermissions, remediationPermissions, remediationTrust } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { editList, openGroup, openPorts } from './iam-groups.ts';
import { bus, createHub, enterLambdaRole, hub } from './iam-hub.ts';
import { resultsIn, without } from './results-queue.ts';

const member = { accountId: '300000000001', region: 'eu-central-1' };

let sandbox: Sandbox;
let directory: string;
let bundle: string;
let secretArn: string;
let queueUrl: string;
let ec2: EC2Client;
let iam: { hub: IAMClient; member: IAMClient };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-lambda-iam-'));
  const text = await readFile(new URL('../../../sandbox/demo/policy.yaml', import.meta.url), 'utf8');
  bundle = (await bundleLambda(parsePolicy(text), directory)).file;
  sandbox = await startSandbox();
  ec2 = new EC2Client(sandbox.root(member.accountId, member.region));
  iam = {
    hub: new IAMClient(sandbox.root(hub.accountId)),
    member: new IAMClient(sandbox.root(member.accountId)),
  };
  ({ queueUrl, secretArn } = await createHub(sandbox));
  const trust = remediationTrust(hub, sandbox.organization.id);
  await iam.member.send(
    new CreateRoleCommand({ RoleName: names.remediationRole, AssumeRolePolicyDocument: trust }),
  );
});

afterAll(async () => {
  await sandbox?.stop();
  await rm(directory, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

async function permit(lacking: string | undefined): Promise<void> {
  const lambda = without(
    lambdaPermissions(hub, bus, {
      ...{ organizationId: sandbox.organization.id, slackSecretArn: secretArn },
    }),
    lacking,
  );
  const remediation = without(
    remediationPermissions({ ...hub, ...member }, { narrowing: false, securityHub: false }),
    lacking,
  );
  const documents = [
    { client: iam.hub, RoleName: names.lambdaRole, PolicyDocument: lambda },
    { client: iam.member, RoleName: names.remediationRole, PolicyDocument: remediation },
  ];
  for (const { client, ...policy } of documents) {
    await client.send(new PutRolePolicyCommand({ ...policy, PolicyName: 'calls' }));
  }
}

/** Runs the bundle as Lambda would, with a session of the Lambda's role; a fresh module, so nothing is cached. */
async function run(event: object): Promise<unknown> {
  await enterLambdaRole(sandbox);
  vi.stubEnv('PORTCULLIS_BUS_ARN', bus);
  vi.stubEnv('PORTCULLIS_REMEDIATION_ROLE', names.remediationRole);
  vi.stubEnv('PORTCULLIS_TABLE', names.table);
  vi.stubEnv('PORTCULLIS_SECURITY_HUB', 'off');
  vi.stubEnv('PORTCULLIS_SLACK_SECRET_ARN', secretArn);
  const file = join(directory, `${randomUUID()}.mjs`);
  await copyFile(bundle, file);
  const { handler } = await import(/* @vite-ignore */ pathToFileURL(file).href);
  return handler(event).catch((error: Error) => error.message);
}

const results = () => resultsIn(sandbox, queueUrl);

describe("the Lambda under the programs' own roles", () => {
  it('closes the offending port and no other', async () => {
    await permit(undefined);
    const { groupId, event } = await openGroup(ec2, member);
    await run(event);
    expect(await openPorts(ec2, groupId)).toEqual([443]);
    const [result, ...more] = await results();
    expect(more).toEqual([]);
    expect(result).toMatchObject({
      groupId,
      outcome: 'remediated',
      findings: [{ fromPort: 22, action: 'revoked' }],
      notification: { slack: { status: 'failed', error: 'Slack was not notified: TypeError' } },
    });
  });

  it.each([
    ['sts:AssumeRole'],
    ['ec2:DescribeSecurityGroups'],
    ['ec2:DescribeSecurityGroupRules'],
    ['ec2:RevokeSecurityGroupIngress'],
  ])('without %s revokes nothing, reports it on the bus and fails', async (action) => {
    await permit(action);
    const { groupId, event } = await openGroup(ec2, member);
    expect(await run(event)).toMatch(/^access-denied: /);
    expect(await openPorts(ec2, groupId)).toEqual([22, 443]);
    expect(await results()).toMatchObject([{ outcome: 'access-denied', account: member.accountId }]);
  });

  it('enters no account outside the organization, though a role there trusts it', async () => {
    await permit(undefined);
    const outside = '999999999999';
    const trusted = { AWS: `arn:aws:iam::${hub.accountId}:role/${names.lambdaRole}` };
    const Statement = [{ Effect: 'Allow', Principal: trusted, Action: 'sts:AssumeRole' }];
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const iamOutside = new IAMClient(sandbox.root(outside));
    await iamOutside.send(
      new CreateRoleCommand({ RoleName: names.remediationRole, AssumeRolePolicyDocument }),
    );
    const { event } = await openGroup(ec2, member);
    expect(await run({ ...event, account: outside })).toMatch(/^access-denied: .*AccessDenied/);
    expect(await results()).toMatchObject([{ outcome: 'access-denied', account: outside }]);
  });

  it('closes the group whose prefix list now contains the world', async () => {
    await permit(undefined);
    const { groupId, event } = await editList(ec2, member);
    await run(event);
    expect(await openPorts(ec2, groupId)).toEqual([]);
    expect(await results()).toMatchObject([
      { groupId, outcome: 'remediated', findings: [{ fromPort: 22, action: 'revoked' }] },
    ]);
  });

  it.each([['ec2:DescribeManagedPrefixLists'], ['ec2:GetManagedPrefixListEntries']])(
    'without %s leaves open what prefix lists allow, and reports it',
    async (action) => {
      await permit(action);
      const { groupId, event } = await editList(ec2, member);
      await run(event);
      expect(await openPorts(ec2, groupId)).toEqual([22]);
      const reported = await results();
      expect(reported.filter((result) => result.groupId === groupId)).toMatchObject([
        { outcome: 'undecided', undecided: [{ reason: expect.stringContaining('could not be read') }] },
      ]);
    },
  );

  it('without events:PutEvents revokes, and fails', async () => {
    await permit('events:PutEvents');
    const { groupId, event } = await openGroup(ec2, member);
    expect(await run(event)).toMatch(/^access-denied: .*PutEvents/);
    expect(await openPorts(ec2, groupId)).toEqual([443]);
    expect(await results()).toEqual([]);
  });

  it('without secretsmanager:GetSecretValue revokes, and the result has the failed channel', async () => {
    await permit('secretsmanager:GetSecretValue');
    const { groupId, event } = await openGroup(ec2, member);
    await run(event);
    expect(await openPorts(ec2, groupId)).toEqual([443]);
    expect(await results()).toMatchObject([
      { outcome: 'remediated', notification: { slack: { error: 'the Slack secret may not be read' } } },
    ]);
  });

  it('reports a deleted group as group-gone', async () => {
    await permit(undefined);
    await results();
    const { groupId, event } = await openGroup(ec2, member);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId }));
    await run(event);
    expect(await results()).toMatchObject([{ outcome: 'group-gone' }]);
  });
});

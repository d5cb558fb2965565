import { EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { EnableSecurityHubCommand, GetFindingsCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { awsCloud } from '../../../lambda/aws/cloud.ts';
import type { RemediationResult } from '../../../lambda/contract/result.ts';
import { createHandler } from '../../../lambda/handler.ts';
import { tableLedger } from '../../../lambda/ledger/table.ts';
import type { Policy } from '../../../lambda/policy/schema/policy.ts';
import { names } from '../../../programs/names.ts';
import { lambdaPermissions, remediationPermissions, remediationTrust } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { bus, createHub, enterLambdaRole, hub } from './iam-hub.ts';
import { drain, resultsIn, subscribedQueue, without } from './results-queue.ts';

/** The member accounts. Events are of the first one. */
export const accounts = ['300000000001', '300000000002'] as const;
export const region = 'eu-central-1';
const topic = 'people';
const arnOf = (service: string, name: string) => `arn:aws:${service}:${hub.region}:${hub.accountId}:${name}`;

/** What the tests of a file use of their sandbox. */
export interface Stage {
  sandbox: Sandbox;
  ec2: EC2Client;
  ec2Elsewhere: EC2Client;
  /** Gives the roles all that the programs declare with everything enabled, except one action. */
  permit(lacking?: string): Promise<void>;
  /** The result of the function under its role: no error, or the words of one. `later` is by how many minutes. */
  run(policy: Policy, event: object, later?: number): Promise<string | undefined>;
  /** Each is deleted as it is read. */
  results(): Promise<RemediationResult[]>;
  notified(): Promise<unknown[]>;
  /** The ids of the findings that Security Hub has of a group. */
  findings(groupId: string): Promise<unknown[]>;
}

/** Starts a sandbox with the hub, two members, a topic with a subscriber, and Security Hub for the tests of a file. */
export function useStage(): Stage {
  const stage = {} as Stage;
  beforeAll(async () => {
    const sandbox = await startSandbox();
    const { queueUrl } = await createHub(sandbox);
    for (const account of accounts) await joinMember(sandbox, account);
    const sns = new SNSClient(sandbox.root(hub.accountId, hub.region));
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: topic }));
    const subscriber = await subscribedQueue(sandbox, TopicArn);
    Object.assign(stage, {
      sandbox,
      ec2: new EC2Client(sandbox.root(accounts[0], region)),
      ec2Elsewhere: new EC2Client(sandbox.root(accounts[1], region)),
      permit: (lacking?: string) => permit(sandbox, lacking),
      run: (policy: Policy, event: object, later = 0) => run(sandbox, policy, event, later),
      results: () => resultsIn(sandbox, queueUrl),
      notified: () => drain(sandbox, subscriber),
      findings: (groupId: string) => findings(sandbox, groupId),
    } satisfies Stage);
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => stage.sandbox?.stop());
  return stage;
}

async function joinMember(sandbox: Sandbox, account: string): Promise<void> {
  const AssumeRolePolicyDocument = remediationTrust(hub, sandbox.organization.id);
  const role = { RoleName: names.remediationRole, AssumeRolePolicyDocument };
  await new IAMClient(sandbox.root(account)).send(new CreateRoleCommand(role));
  await new SecurityHubClient(sandbox.root(account, region)).send(new EnableSecurityHubCommand({}));
}

async function permit(sandbox: Sandbox, lacking: string | undefined): Promise<void> {
  const put = (account: string, RoleName: string, document: string) =>
    new IAMClient(sandbox.root(account)).send(
      new PutRolePolicyCommand({ RoleName, PolicyName: 'calls', PolicyDocument: without(document, lacking) }),
    );
  const own = lambdaPermissions(hub, bus, {
    ...{ organizationId: sandbox.organization.id, notificationTopicArn: arnOf('sns', topic) },
  });
  await put(hub.accountId, names.lambdaRole, own);
  for (const accountId of accounts) {
    const document = remediationPermissions({ ...hub, accountId }, { narrowing: true, securityHub: true });
    await put(accountId, names.remediationRole, document);
  }
}

/** As Lambda runs it: with a session of the role in the environment, and nothing kept from before. */
async function run(
  sandbox: Sandbox,
  policy: Policy,
  event: object,
  later: number,
): Promise<string | undefined> {
  await enterLambdaRole(sandbox);
  const now = () => new Date(Date.now() + later * 60_000);
  const handler = createHandler({
    policy,
    environment: {
      ...{ busArn: bus, hubRegion: hub.region, partition: 'aws', remediationRole: names.remediationRole },
      ...{ table: names.table, slackSecretArn: null, topicArn: arnOf('sns', topic), securityHub: true },
    },
    cloud: awsCloud(hub.region),
    ledger: tableLedger(hub.region, names.table),
    fetch,
    clock: { now, sleep: (time) => new Promise((enqueue) => setTimeout(enqueue, time)) },
    log: () => undefined,
  });
  return handler(event).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

async function findings(sandbox: Sandbox, groupId: string): Promise<unknown[]> {
  const client = new SecurityHubClient(sandbox.root(accounts[0], region));
  const { Findings = [] } = await client.send(new GetFindingsCommand({}));
  return Findings.filter(({ Resources = [] }) => Resources.some(({ Id }) => Id?.includes(groupId)));
}

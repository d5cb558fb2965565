import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';

interface Settings {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

export type Caller = ReturnType<typeof callerWith>;

/** The clients of one caller. */
export function callerWith(settings: Settings) {
  return {
    settings,
    cloudTrail: new CloudTrailClient(settings),
    dynamodb: new DynamoDBClient(settings),
    ec2: new EC2Client(settings),
    events: new EventBridgeClient(settings),
    iam: new IAMClient(settings),
    lambda: new LambdaClient(settings),
    logs: new CloudWatchLogsClient(settings),
    organizations: new OrganizationsClient(settings),
    secrets: new SecretsManagerClient(settings),
    securityHub: new SecurityHubClient(settings),
    sns: new SNSClient(settings),
    sqs: new SQSClient({ ...settings, useQueueUrlAsEndpoint: false }),
    sts: new STSClient(settings),
  };
}

/** A caller in a session of a role. @throws AccessDenied when the role's trust or the caller's policies refuse it */
export async function assume(caller: Pick<Caller, 'settings' | 'sts'>, RoleArn: string): Promise<Caller> {
  const { Credentials } = await caller.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return callerWith({ ...caller.settings, credentials });
}

/**
 * A session of a role that only a service may assume: the account's root joins its trust for the moment of the call.
 * The role's own trust is as before when this returns.
 */
export async function sessionOfServiceRole(
  sandbox: Sandbox,
  roleArn: string,
  trust: string,
): Promise<Caller> {
  const accountId = roleArn.split(':')[4] ?? '';
  const RoleName = roleArn.split('/').at(-1);
  const root = callerWith(sandbox.root(accountId));
  const document = JSON.parse(trust);
  const Principal = { AWS: `arn:aws:iam::${accountId}:root` };
  const opened = { ...document, Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }] };
  const set = (PolicyDocument: string) =>
    root.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
  await set(JSON.stringify(opened));
  try {
    return await assume(root, roleArn);
  } finally {
    await set(trust);
  }
}

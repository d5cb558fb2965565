import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { vi } from 'vitest';
import { tableKey } from '../../../lambda/ledger/table.ts';
import { busArn, names } from '../../../programs/names.ts';
import { queuePolicy } from '../../../programs/policies.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';

export const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
export const bus = busArn(hub, names.bus);

/** Creates a table for a ledger in the hub. */
export async function createTable(sandbox: Sandbox, TableName: string): Promise<void> {
  const table = new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: tableKey, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: tableKey, KeyType: 'HASH' }],
  });
  await new DynamoDBClient(sandbox.root(hub.accountId, hub.region)).send(table);
}

/** Puts a session of the function's role into the environment, as Lambda does. */
export async function enterLambdaRole(sandbox: Sandbox): Promise<void> {
  const sts = new STSClient(sandbox.root(hub.accountId, hub.region));
  const RoleArn = `arn:aws:iam::${hub.accountId}:role/${names.lambdaRole}`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: randomUUID() }));
  vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', Credentials?.AccessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', Credentials?.SecretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', Credentials?.SessionToken);
}

/** The hub as far as the function touches it: org bus, results queue, table, Slack secret and the function's role. */
export async function createHub(sandbox: Sandbox): Promise<{ queueUrl: string; secretArn: string }> {
  const sqs = new SQSClient(sandbox.root(hub.accountId, hub.region));
  const iam = new IAMClient(sandbox.root(hub.accountId));
  const bridge = new EventBridgeClient(sandbox.root(hub.accountId, hub.region));
  await bridge.send(new CreateEventBusCommand({ Name: names.bus }));
  const Policy = queuePolicy(hub, names.resultsQueue, [{ rule: names.resultsRule, bus: names.bus }]);
  const queue = await sqs.send(
    new CreateQueueCommand({ QueueName: names.resultsQueue, Attributes: { Policy } }),
  );
  const rule = { EventBusName: names.bus, Name: names.resultsRule };
  await bridge.send(
    new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: ['portcullis'] }) }),
  );
  const Arn = `arn:aws:sqs:${hub.region}:${hub.accountId}:${names.resultsQueue}`;
  await bridge.send(
    new PutTargetsCommand({ EventBusName: names.bus, Rule: names.resultsRule, Targets: [{ Id: 'q', Arn }] }),
  );
  await createTable(sandbox, names.table);
  const secrets = new SecretsManagerClient(sandbox.root(hub.accountId, hub.region));
  const SecretString = 'http://127.0.0.1:9/no-listener';
  const secret = await secrets.send(new CreateSecretCommand({ Name: 'slack-of-the-test', SecretString }));
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${hub.accountId}:root` },
    Action: 'sts:AssumeRole',
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await iam.send(new CreateRoleCommand({ RoleName: names.lambdaRole, AssumeRolePolicyDocument }));
  return { queueUrl: queue.QueueUrl ?? '', secretArn: secret.ARN ?? '' };
}

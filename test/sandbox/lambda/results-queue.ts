import { randomUUID } from 'node:crypto';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type RemediationResult, remediationResultSchema } from '../../../lambda/contract/result.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { hub } from './iam-hub.ts';

/** Waits until no event is under way, then receives and deletes the messages of a queue. Returns their bodies. */
export async function drain(
  sandbox: Sandbox,
  QueueUrl: string,
  { accountId, region }: { accountId: string; region: string } = hub,
): Promise<unknown[]> {
  await sandbox.idle();
  const sqs = new SQSClient({ ...sandbox.root(accountId, region), useQueueUrlAsEndpoint: false });
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return Messages.map(({ Body = '' }) => JSON.parse(Body));
}

/** The address of a new queue that subscribes to a topic of the hub. */
export async function subscribedQueue(sandbox: Sandbox, TopicArn: string): Promise<string> {
  const settings = sandbox.root(hub.accountId, hub.region);
  const QueueName = randomUUID();
  const Endpoint = `arn:aws:sqs:${hub.region}:${hub.accountId}:${QueueName}`;
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Endpoint,
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  };
  const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) };
  const { QueueUrl = '' } = await new SQSClient(settings).send(
    new CreateQueueCommand({ QueueName, Attributes }),
  );
  await new SNSClient(settings).send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  return QueueUrl;
}

/** The results in the queue behind the org bus, which are deleted from it. */
export async function resultsIn(sandbox: Sandbox, queueUrl: string): Promise<RemediationResult[]> {
  const events = await drain(sandbox, queueUrl);
  return events.map((event) => remediationResultSchema.parse(Object(event).detail));
}

/** A policy document without one action. */
export function without(document: string, action: string | undefined): string {
  const { Statement, ...rest } = JSON.parse(document);
  const kept = Statement.map((statement: { Action: string | string[] }) => {
    return { ...statement, Action: [statement.Action].flat().filter((each) => each !== action) };
  }).filter((statement: { Action: string[] }) => statement.Action.length > 0);
  return JSON.stringify({ ...rest, Statement: kept });
}

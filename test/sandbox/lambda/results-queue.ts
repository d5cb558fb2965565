import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type RemediationResult, remediationResultSchema } from '../../../lambda/contract/result.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { hub } from './iam-hub.ts';

/** The bodies of the messages in a queue of the hub once no event is under way, taken off it. */
export async function drain(sandbox: Sandbox, QueueUrl: string): Promise<unknown[]> {
  await sandbox.idle();
  const sqs = new SQSClient({ ...sandbox.root(hub.accountId, hub.region), useQueueUrlAsEndpoint: false });
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return Messages.map(({ Body = '' }) => JSON.parse(Body));
}

/** The results that reached the queue behind the org bus, taken off it. */
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

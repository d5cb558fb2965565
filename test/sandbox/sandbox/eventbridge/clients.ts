import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { type Message, SQS } from '@aws-sdk/client-sqs';
import type { Sandbox } from '../../../../sandbox/sandbox.ts';
import { hub, hubRegion, member, memberRegion } from './names.ts';

export type Clients = ReturnType<typeof clientsOf>;

/** Root users' clients in both accounts, through the gateway. */
export function clientsOf(sandbox: Sandbox) {
  const m = sandbox.root(member, memberRegion);
  const h = sandbox.root(hub, hubRegion);
  const sqs = { member: new SQS(m), hub: new SQS(h) };
  return {
    organizationId: sandbox.organization.id,
    bridge: { member: new EventBridge(m), hub: new EventBridge(h) },
    iam: { member: new IAM(m), hub: new IAM(h) },
    lambda: new Lambda(h),
    url: (arn: string) => `${sandbox.endpoint}/${arn.split(':')[4]}/${arn.split(':')[5]}`,
    clientOf: (arn: string) => (arn.includes(hub) ? sqs.hub : sqs.member),
  };
}

/** Takes every message off a queue. */
export async function drain(c: Clients, arn: string): Promise<Message[]> {
  const client = c.clientOf(arn);
  const found: Message[] = [];
  for (;;) {
    const { Messages } = await client.receiveMessage({
      QueueUrl: c.url(arn),
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    });
    if (!Messages?.length) return found;
    found.push(...Messages);
    for (const { ReceiptHandle } of Messages)
      await client.deleteMessage({ QueueUrl: c.url(arn), ReceiptHandle });
  }
}

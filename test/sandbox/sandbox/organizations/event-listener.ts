import { setTimeout as sleep } from 'node:timers/promises';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { SQS } from '@aws-sdk/client-sqs';
import type { Sandbox } from '../../../../sandbox/sandbox.ts';

export interface ReceivedEvent {
  source: string;
  'detail-type': string;
  account: string;
  region: string;
  resources: string[];
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests assert
  detail: any;
}

/** Sends every event of these sources on an account's default bus in us-east-1 to a queue. Returns what waits for one that fits. */
export async function listen(sandbox: Pick<Sandbox, 'root'>, accountId: string, sources: string[]) {
  const settings = sandbox.root(accountId, 'us-east-1');
  const sqs = new SQS(settings);
  const events = new EventBridge(settings);
  const { QueueUrl } = await sqs.createQueue({ QueueName: 'received' });
  const queue = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] });
  const Resource = queue.Attributes?.QueueArn;
  const Principal = { Service: 'events.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  await events.putRule({ Name: 'received', EventPattern: JSON.stringify({ source: sources }) });
  await events.putTargets({ Rule: 'received', Targets: [{ Id: 'received', Arn: Resource }] });
  const received: ReceivedEvent[] = [];

  async function drain(): Promise<void> {
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    for (const { Body, ReceiptHandle } of Messages ?? []) {
      received.push(JSON.parse(Body ?? ''));
      await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
    }
  }

  return async (fits: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent> => {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) {
      const found = received.find(fits);
      if (found) return found;
      await drain();
    }
    throw new Error(
      `not received; received were: ${received.map((one) => one.detail.eventName ?? one['detail-type'])}`,
    );
  };
}

/** Asks every 30 ms, for 10 s, until the question has an answer that fits. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  fits: (answer: Answer) => boolean,
): Promise<Answer> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(30)) {
    const answer = await ask();
    if (fits(answer)) return answer;
  }
  throw new Error('it did not come true in 10 s');
}

/** The code of the error that a call is refused with, or `none`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: Error) => error.name,
  );
}

import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Emulator } from '../gateway/call.ts';
import { type Arn, DeliveryError } from './permission.ts';

export interface Queues {
  /** Puts one message on a queue. Permissions are checked before, by the caller. @throws DeliveryError */
  send(queue: Arn, body: string, attributes?: Record<string, string>): Promise<void>;
}

/** Sends as the root user of each queue's account. */
export function queues(emulator: Emulator): Queues {
  const clients = new Map<string, SQSClient>();
  const clientOf = ({ accountId, region }: Arn): SQSClient => {
    const key = `${accountId} ${region}`;
    const client = clients.get(key) ?? new SQSClient({ ...emulator.root(accountId, region), maxAttempts: 1 });
    clients.set(key, client);
    return client;
  };
  return {
    async send(queue, body, attributes = {}) {
      const command = new SendMessageCommand({
        QueueUrl: `${emulator.endpoint}/${queue.accountId}/${queue.resource}`,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [
            name,
            { DataType: 'String', StringValue: value },
          ]),
        ),
      });
      try {
        await clientOf(queue).send(command);
      } catch (error) {
        const { name, message } = error as Error;
        if (name === 'QueueDoesNotExist')
          throw new DeliveryError('NO_RESOURCE', `${queue.text} does not exist`);
        throw new DeliveryError(
          'SDK_CLIENT_ERROR',
          `sqs:SendMessage on ${queue.text}: ${name}: ${message}`,
          true,
        );
      }
    },
  };
}

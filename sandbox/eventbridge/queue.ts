import { SQS } from '@aws-sdk/client-sqs';
import type { Emulator } from '../gateway/call.ts';
import { clientsOf } from '../gateway/clients.ts';
import { type Arn, DeliveryError } from './permission.ts';

export interface Queues {
  /** Puts one message on a queue. Permissions are checked before, by the caller. @throws DeliveryError */
  send(queue: Arn, body: string, attributes?: Record<string, string>): Promise<void>;
}

/** Sends as the root user of each queue's account. */
export function queues(emulator: Emulator): Queues {
  const clientOf = clientsOf(emulator, (settings) => new SQS({ ...settings, maxAttempts: 1 }));
  return {
    async send(queue, body, attributes = {}) {
      const typed = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      try {
        await clientOf(queue.accountId, queue.region).sendMessage({
          QueueUrl: `${emulator.endpoint}/${queue.accountId}/${queue.resource}`,
          MessageBody: body,
          MessageAttributes: Object.fromEntries(typed),
        });
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

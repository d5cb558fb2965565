import { names, queueUrl } from '../../programs/names.ts';
import { type QueueConsumer, queueConsumer } from '../aws/sqs-consumer.ts';
import type { Installation } from '../organization/installation.ts';
import type { Services } from '../services/services.ts';
import { messageHandlers } from './messages.ts';

export interface MessageConsumers {
  readonly lifecycle: QueueConsumer;
  /** Started by the service or by the first verification. Starting twice is allowed. */
  readonly results: QueueConsumer;
}

interface ConsumersContext
  extends Pick<Services, 'aws' | 'settings' | 'store' | 'queue' | 'meter' | 'log' | 'shutdown'> {
  readonly installation: Pick<Installation, 'assertKnownOurs'>;
}

/** How old the answer whose hub it is may be when messages are taken, milliseconds. */
const ownerKnownMs = 5_000;

/**
 * Stopped with the shutdown. Receives nothing before a start, and nothing from a hub that another installation owns or
 * may own: that installation would have no record of it.
 */
export function messageConsumers(services: ConsumersContext): MessageConsumers {
  const { aws, settings, log, shutdown, installation } = services;
  const { accountId, region } = settings.hub;
  const handlers = messageHandlers(services);
  const consumer = (name: string, handle: (body: string) => Promise<void>) => {
    const made = queueConsumer({
      name,
      queueUrl: async () => queueUrl({ partition: (await aws.caller()).partition, accountId, region }, name),
      client: () => aws.sqs(accountId, region),
      handle,
      assertMayTake: () => installation.assertKnownOurs(ownerKnownMs),
      log,
    });
    shutdown.register(name, made.stop, made.interrupt);
    return made;
  };
  return {
    lifecycle: consumer(names.lifecycleQueue, handlers.lifecycle),
    results: consumer(names.resultsQueue, handlers.result),
  };
}

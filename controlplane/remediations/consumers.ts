import { names, queueUrl } from '../../programs/names.ts';
import { type QueueConsumer, queueConsumer } from '../aws/sqs-consumer.ts';
import type { Installation } from '../organization/installation.ts';
import type { Services } from '../services/services.ts';
import { messageHandlers } from './messages.ts';

/** What takes the messages of the hub's two queues, once started. */
export interface MessageConsumers {
  readonly lifecycle: QueueConsumer;
  /** Started by the standing service, or by the first verification of another: each may start it again. */
  readonly results: QueueConsumer;
}

interface ConsumersContext
  extends Pick<Services, 'aws' | 'settings' | 'store' | 'queue' | 'meter' | 'log' | 'shutdown'> {
  readonly installation: Pick<Installation, 'assertOurs'>;
}

/** How old the answer whose hub it is may be when messages are taken, milliseconds. */
const ownerKnownMs = 5_000;

/**
 * Makes the consumers, to be stopped with the service. Nothing is taken before one is started, and nothing of a hub that
 * another installation has taken over: a message that is handled here is in no record there.
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
      assertMayTake: () => installation.assertOurs(ownerKnownMs),
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

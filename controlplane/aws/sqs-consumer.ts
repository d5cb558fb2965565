import { setTimeout } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';

export interface QueueConsumer {
  start(): void;
  /** Receives no further message. */
  interrupt(): void;
  /** Waits for the current message; the rest of its batch is delivered again. */
  stop(): Promise<void>;
}

interface QueueConsumerContext {
  readonly name: string;
  readonly queueUrl: () => Promise<string>;
  readonly client: () => Promise<SQSClient>;
  /** A message is deleted only after this returns. */
  readonly handle: (body: string) => Promise<void>;
  /** Throws where no message may be taken: asked before each batch, and again before its messages are handled. */
  readonly assertMayTake?: () => Promise<void>;
  readonly log: Logger;
  readonly waitSeconds?: number;
}

const firstPause = 1_000;
const longestPause = 30_000;

/** Receives one batch and handles its messages. */
function batches(
  { name, queueUrl, client, handle, assertMayTake, log, waitSeconds = 10 }: QueueConsumerContext,
  stopping: AbortSignal,
): () => Promise<void> {
  const take = async (sqs: SQSClient, url: string, message: Message) => {
    try {
      await handle(message.Body ?? '');
    } catch (error) {
      log.error({ queue: name, error: reasonOf(error) }, 'message not handled; it will be delivered again');
      return;
    }
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
  };

  return async () => {
    await assertMayTake?.();
    const [sqs, url] = await Promise.all([client(), queueUrl()]);
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }),
      { abortSignal: stopping },
    );
    // The wait for messages was long. A message that is not handled returns to the queue, for another worker.
    if (Messages.length > 0) await assertMayTake?.();
    for (const message of Messages) {
      if (stopping.aborted) return;
      await take(sqs, url, message);
    }
  };
}

/**
 * Receives messages from an SQS queue, one batch at a time. A failed message is delivered again after its visibility
 * timeout. A queue that does not exist (before the first hub update) is retried later.
 */
export function queueConsumer(context: QueueConsumerContext): QueueConsumer {
  const { name, log } = context;
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;

  const pause = (milliseconds: number) =>
    setTimeout(milliseconds, undefined, { signal: stopping.signal }).catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });

  const takeBatch = batches(context, stopping.signal);

  const run = async () => {
    let wait = firstPause;
    while (!stopping.signal.aborted) {
      try {
        await takeBatch();
        wait = firstPause;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const missing = error instanceof Error && /NonExistentQueue|QueueDoesNotExist/.test(error.name);
        log[missing ? 'debug' : 'warn'](
          { queue: name, error: reasonOf(error) },
          'queue not readable; trying again',
        );
        await pause(wait);
        wait = missing ? firstPause : Math.min(wait * 2, longestPause);
      }
    }
  };

  const interrupt = () => stopping.abort();

  return {
    start() {
      loop ??= run();
    },
    interrupt,
    async stop() {
      interrupt();
      await loop;
    },
  };
}

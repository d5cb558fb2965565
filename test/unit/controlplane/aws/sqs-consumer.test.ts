import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, test, vi } from 'vitest';
import { type QueueConsumer, queueConsumer } from '../../../../controlplane/aws/sqs-consumer.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

type Command = { constructor: { name: string }; input: { ReceiptHandle?: string } };

/** An SQS queue: a message is handed out until it is deleted; an empty queue waits as long polling does. */
function queueOf(...bodies: string[]) {
  const messages = new Map(bodies.map((body, index) => [`receipt-${index}`, body]));
  const queue = { messages, failure: undefined as Error | undefined, received: 0 };
  const client = {
    async send({ constructor: { name }, input }: Command, options?: { abortSignal?: AbortSignal }) {
      if (queue.failure) throw queue.failure;
      if (name === 'DeleteMessageCommand') return void messages.delete(input.ReceiptHandle ?? '');
      queue.received += 1;
      if (messages.size > 0 && queue.received === 1)
        return { Messages: [...messages].map(([ReceiptHandle, Body]) => ({ ReceiptHandle, Body })) };
      const { promise, reject } = Promise.withResolvers<never>();
      options?.abortSignal?.addEventListener('abort', () => reject(new Error('aborted')));
      return promise;
    },
  } as unknown as SQSClient;
  return { queue, client };
}

let running: QueueConsumer | undefined;
afterEach(() => running?.stop());

const consume = (
  client: SQSClient,
  handle: (body: string) => Promise<void>,
  assertMayTake?: () => Promise<void>,
) => {
  running = queueConsumer({
    name: 'queue',
    queueUrl: async () => 'https://sqs/queue',
    client: async () => client,
    handle,
    ...(assertMayTake && { assertMayTake }),
    log: makeLogger('silent'),
  });
  running.start();
  return running;
};

test('a message is deleted once it is handled, and not before', async () => {
  const { queue, client } = queueOf('one', 'two');
  const handled: string[] = [];
  consume(client, async (body) => {
    expect([...queue.messages.values()]).toContain(body);
    handled.push(body);
  });
  await vi.waitUntil(() => queue.messages.size === 0);
  expect(handled).toEqual(['one', 'two']);
});

test('a message that fails stays, and the others are handled', async () => {
  const { queue, client } = queueOf('good', 'bad', 'fine');
  consume(client, async (body) => {
    if (body === 'bad') throw new Error('unreadable');
  });
  await vi.waitUntil(() => queue.received === 2);
  expect([...queue.messages.values()]).toEqual(['bad']);
});

test('a queue that cannot be read is asked again, and its messages are handled then', async () => {
  const { queue, client } = queueOf('one');
  queue.failure = Object.assign(new Error('no such queue'), { name: 'QueueDoesNotExist' });
  consume(client, async () => undefined);
  await new Promise((done) => setImmediate(done));
  queue.failure = undefined;
  await vi.waitUntil(() => queue.messages.size === 0, { timeout: 50_000 });
});

test('stop ends a wait for messages promptly', async () => {
  const { queue, client } = queueOf();
  const consumer = consume(client, async () => undefined);
  await vi.waitUntil(() => queue.received === 1);
  const before = performance.now();
  await consumer.stop();
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(queue.received).toBe(1);
});

test('stop ends a pause after a failure promptly', async () => {
  const { queue, client } = queueOf();
  queue.failure = new Error('down');
  const consumer = consume(client, async () => undefined);
  await new Promise((done) => setImmediate(done));
  const before = performance.now();
  await consumer.stop();
  expect(performance.now() - before).toBeLessThan(900);
});

test('stop waits for the message in hand, which is deleted', async () => {
  const { queue, client } = queueOf('one');
  const { promise, resolve } = Promise.withResolvers<void>();
  const consumer = consume(client, () => promise);
  await vi.waitUntil(() => queue.received === 1);
  const stopped = consumer.stop();
  resolve();
  await stopped;
  expect(queue.messages.size).toBe(0);
});

test('stop leaves what follows the message in hand for another', async () => {
  const { queue, client } = queueOf('one', 'two', 'three');
  const { promise, resolve } = Promise.withResolvers<void>();
  const handled: string[] = [];
  const consumer = consume(client, async (body) => {
    handled.push(body);
    await promise;
  });
  await vi.waitUntil(() => handled.length === 1);
  consumer.interrupt();
  resolve();
  await consumer.stop();
  expect(handled).toEqual(['one']);
  expect([...queue.messages.values()]).toEqual(['two', 'three']);
});

test('nothing is received where no message may be taken, and again once it may', async () => {
  const { queue, client } = queueOf('one');
  let asked = 0;
  consume(
    client,
    async () => undefined,
    async () => {
      asked += 1;
      if (asked === 1) throw new Error('the hub belongs to another installation');
    },
  );
  await vi.waitUntil(() => asked === 1);
  await new Promise((done) => setImmediate(done));
  expect(queue.received).toBe(0);
  await vi.waitUntil(() => queue.messages.size === 0, { timeout: 50_000 });
});

test('a batch that arrives once no message may be taken is not handled, and stays', async () => {
  const { queue, client } = queueOf('one', 'two');
  const handled: string[] = [];
  let asked = 0;
  consume(
    client,
    async (body) => void handled.push(body),
    async () => {
      asked += 1;
      if (queue.received > 0) throw new Error('the hub belongs to another installation');
    },
  );
  await vi.waitUntil(() => asked === 2);
  await running?.stop();
  expect(handled).toEqual([]);
  expect([...queue.messages.values()]).toEqual(['one', 'two']);
});

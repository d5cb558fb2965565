import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { delivery } from '../../../../sandbox/eventbridge/delivery.ts';
import { journal } from '../../../../sandbox/eventbridge/journal.ts';
import { background } from '../../../../sandbox/gateway/background.ts';
import type { BusEvent, Emulator } from '../../../../sandbox/gateway/call.ts';

const queue = 'arn:aws:sqs:eu-west-1:222222222222:inbox';
const dead = 'arn:aws:sqs:eu-west-1:222222222222:dead';
const rule = 'arn:aws:events:eu-west-1:222222222222:rule/org/act';
const event: BusEvent = {
  version: '0',
  id: 'e-1',
  source: 'aws.ec2',
  'detail-type': 'test',
  account: '222222222222',
  region: 'eu-west-1',
  time: '2026-01-01T00:00:00Z',
  resources: [],
  detail: {},
};

interface Sent {
  QueueUrl: string;
  MessageBody: string;
  MessageAttributes: Record<string, { StringValue: string }>;
}

let server: Server;
let failures: number;
let sent: Sent[];

/** SQS that is out of order for the inbox as often as `failures` says. */
beforeEach(async () => {
  sent = [];
  server = createServer(async (request, response) => {
    const message = JSON.parse(await text(request)) as Sent;
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (message.QueueUrl.endsWith('/inbox') && failures-- > 0) {
      response.statusCode = 500;
      return response.end('{"__type":"InternalError","message":"out of order"}');
    }
    sent.push(message);
    const MD5OfMessageBody = createHash('md5').update(message.MessageBody).digest('hex');
    return response.end(JSON.stringify({ MessageId: 'm', MD5OfMessageBody }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function publish(MaximumRetryAttempts: number) {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const emulator: Emulator = {
    endpoint,
    root: (accountId, region) => ({
      endpoint,
      region,
      credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
    }),
    admin: async (path) =>
      path === 'authorize'
        ? ['Allow']
        : [
            {
              arn: rule,
              targets: [
                {
                  Id: '1',
                  Arn: queue,
                  DeadLetterConfig: { Arn: dead },
                  RetryPolicy: { MaximumRetryAttempts },
                },
              ],
            },
          ],
  };
  const entries = journal();
  const work = background((line) => expect.unreachable(line));
  delivery(emulator, entries, work, 1).publish(event, 'org');
  await work.idle();
  return entries.entries();
}

test('a target that is out of order twice has the event at the third attempt', async () => {
  failures = 2;
  expect(await publish(3)).toMatchObject([{ eventId: 'e-1', target: queue, outcome: 'delivered' }]);
  expect(sent.map(({ MessageBody }) => JSON.parse(MessageBody))).toEqual([event]);
});

test('a target that stays out of order costs its attempts, then the event is dead-lettered with their number', async () => {
  failures = 9;
  expect(await publish(2)).toMatchObject([
    { outcome: 'dead-lettered', reason: expect.stringContaining('out of order') },
  ]);
  expect(failures).toBe(6);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.QueueUrl).toMatch(/dead$/);
  expect(sent[0]?.MessageAttributes).toMatchObject({
    ERROR_CODE: { StringValue: 'SDK_CLIENT_ERROR' },
    EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumRetryAttempts' },
    RETRY_ATTEMPTS: { StringValue: '2' },
  });
});

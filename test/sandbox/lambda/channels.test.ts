import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../lambda/ledger/ledger.ts';
import { tableLedger } from '../../../lambda/ledger/table.ts';
import { names } from '../../../programs/names.ts';
import { lambdaPermissions } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { limitedRole } from '../../worlds/least-privilege.ts';
import { bus, createTable, hub } from './iam-hub.ts';
import { drain, subscribedQueue, without } from './results-queue.ts';

const later = new Date(Date.now() + 3_600_000);
let sandbox: Sandbox;
let topicArn: string;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  for (const name of [names.table, 'another']) await createTable(sandbox, name);
  const sns = new SNSClient(sandbox.root(hub.accountId, hub.region));
  topicArn = (await sns.send(new CreateTopicCommand({ Name: 'people' }))).TopicArn ?? '';
});
afterAll(() => sandbox?.stop());
afterEach(() => vi.unstubAllEnvs());

/** A session of the function's role as the programs declare it, without one action. */
async function session(lacking?: string) {
  const channels = { organizationId: sandbox.organization.id, notificationTopicArn: topicArn };
  const { Statement } = JSON.parse(without(lambdaPermissions(hub, bus, channels), lacking));
  return limitedRole(sandbox, hub, ...Statement);
}

async function ledger(lacking?: string, table: string = names.table): Promise<Ledger> {
  const { endpoint, credentials } = await session(lacking);
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken);
  return tableLedger(hub.region, table);
}

describe('the ledger in its table, with the calls of the function\u2019s role alone', () => {
  test('keeps texts, the first of each where it is to be written once', async () => {
    const { read, write, writeOnce } = await ledger();
    expect(await read('text')).toBeUndefined();
    await write('text', 'first', later);
    await write('text', 'second', later);
    expect(await read('text')).toBe('second');
    expect(await writeOnce('text', 'third', later)).toBe(false);
    expect(await read('text')).toBe('second');
  });

  test('lets one of many that write at once win', async () => {
    const { read, writeOnce } = await ledger();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => writeOnce('claim', `claimant ${index}`, later)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await read('claim')).toBe(`claimant ${claims.indexOf(true)}`);
  });

  test('counts every one of many that count at once', async () => {
    const { count } = await ledger();
    const counts = await Promise.all(Array.from({ length: 20 }, () => count('count', later)));
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('keeps sets, each member once', async () => {
    const { members, add, remove } = await ledger();
    expect(await members('set')).toEqual([]);
    await Promise.all(['b', 'c'].map((member) => add('set', ['a', member], later)));
    expect((await add('set', ['a'], later)).sort()).toEqual(['a', 'b', 'c']);
    await remove('set', ['b', 'never there']);
    expect((await members('set')).sort()).toEqual(['a', 'c']);
  });

  test.each<[string, (ledger: Ledger) => Promise<unknown>]>([
    ['dynamodb:GetItem', ({ read }) => read('denied')],
    ['dynamodb:GetItem', ({ members }) => members('denied')],
    ['dynamodb:PutItem', ({ write }) => write('denied', 'text', later)],
    ['dynamodb:PutItem', ({ writeOnce }) => writeOnce('denied', 'text', later)],
    ['dynamodb:UpdateItem', ({ count }) => count('denied', later)],
    ['dynamodb:UpdateItem', ({ add }) => add('denied', ['a'], later)],
    ['dynamodb:UpdateItem', ({ remove }) => remove('denied', ['a'])],
  ])('without %s is refused', async (action, call) => {
    await expect(call(await ledger(action))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(action),
    });
    expect(await (await ledger()).read('denied')).toBeUndefined();
  });

  test('may not touch another table', async () => {
    const { read, write } = await ledger(undefined, 'another');
    await expect(read('key')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(write('key', 'text', later)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('the notification topic', () => {
  const message = { Subject: 'SSH closed', Message: '{"outcome":"remediated"}' };

  test('gets what the function\u2019s role publishes, and a queue that subscribes can read it', async () => {
    const queue = await subscribedQueue(sandbox, topicArn);
    const sns = new SNSClient(await session());
    const MessageAttributes = { outcome: { DataType: 'String', StringValue: 'remediated' } };
    await sns.send(new PublishCommand({ TopicArn: topicArn, ...message, MessageAttributes }));
    expect(await drain(sandbox, queue)).toMatchObject([
      {
        Type: 'Notification',
        TopicArn: topicArn,
        ...message,
        MessageAttributes: { outcome: { Type: 'String', Value: 'remediated' } },
      },
    ]);
  });

  test('gets nothing without sns:Publish, and neither does another topic', async () => {
    const queue = await subscribedQueue(sandbox, topicArn);
    const refusal = { name: expect.stringMatching(/^AuthorizationError/) };
    const denied = new SNSClient(await session('sns:Publish'));
    await expect(denied.send(new PublishCommand({ TopicArn: topicArn, ...message }))).rejects.toMatchObject(
      refusal,
    );
    const permitted = new SNSClient(await session());
    const other = new PublishCommand({ TopicArn: `${topicArn}-of-others`, ...message });
    await expect(permitted.send(other)).rejects.toMatchObject(refusal);
    expect(await drain(sandbox, queue)).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { handleBatch, readBatch } from '../../../lambda/batch.ts';
import { fixture } from '../../worlds/lambda.ts';

const record = (messageId: string, body: unknown) => ({
  ...{ eventSource: 'aws:sqs', messageId, receiptHandle: 'r', attributes: {} },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('a batch is what an event source mapping of a queue sends, and nothing else', () => {
  const body = JSON.stringify({ id: '1' });
  expect(readBatch({ Records: [record('m-1', { id: '1' })] })).toMatchObject([{ messageId: 'm-1', body }]);
  expect(readBatch(fixture('authorize-flat'))).toBeUndefined();
  expect(readBatch({ Records: [{ ...record('m-1', {}), eventSource: 'aws:sns' }] })).toBeUndefined();
  expect(readBatch({ Records: [] })).toBeUndefined();
});

test('each message is handled with its own event, and only those that failed are returned', async () => {
  const handled: unknown[] = [];
  const messages = readBatch({
    Records: [record('m-1', { id: 'good' }), record('m-2', { id: 'bad' }), record('m-3', 'no JSON')],
  });
  const response = await handleBatch(messages ?? [], async (event) => {
    handled.push(event);
    if ((event as { id?: string }).id === 'bad') throw new Error('the ledger does not answer');
  });
  expect(handled).toEqual([{ id: 'good' }, { id: 'bad' }, 'no JSON']);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-2' }] });
});

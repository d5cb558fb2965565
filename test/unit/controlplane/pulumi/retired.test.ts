import { expect, test } from 'vitest';
import { keepRetired } from '../../../../controlplane/pulumi/retired.ts';

const policy = { urn: 'urn:1', type: 'aws:sqs/queuePolicy:QueuePolicy', inputs: { queueUrl: 'https://q' } };
const queue = { urn: 'urn:2', type: 'aws:sqs/queue:Queue' };
const exported = (...resources: object[]) =>
  JSON.stringify({ version: 3, deployment: { manifest: { time: 'then' }, resources } });

test("a queue's policy of an earlier release stays in AWS when it leaves the state, and all else is as it was", () => {
  const kept = JSON.parse(keepRetired(exported(queue, policy)) ?? '{}');
  expect(kept).toEqual({
    version: 3,
    deployment: { manifest: { time: 'then' }, resources: [queue, { ...policy, retainOnDelete: true }] },
  });
});

test.each([
  ['has none', exported(queue)],
  ['is empty', JSON.stringify({ version: 3, deployment: {} })],
  ['keeps it already', exported({ ...policy, retainOnDelete: true })],
])('a state that %s is not written again', (_, text) => {
  expect(keepRetired(text)).toBeUndefined();
});

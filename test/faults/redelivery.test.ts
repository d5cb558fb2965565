import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueUrlCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { until } from '../../sandbox/demo/security-group.ts';
import { dice, plan, say } from './plan.ts';
import { progressed, rollOut } from './rollout.ts';
import type { FaultStage } from './stage.ts';

const event = (name: string, replaced: string, accountId: string, id: string) => {
  const file = new URL(`../fixtures/lifecycle/${name}.eventbridge.json`, import.meta.url);
  const text = readFileSync(file, 'utf8').replaceAll(replaced, accountId);
  return JSON.stringify({ ...JSON.parse(text), id });
};

/** Of every account: that it was created, and that it moved, five times; each event three times, in no order. */
function messages({ accountIds }: FaultStage): string[] {
  const draw = dice('messages');
  const once = accountIds.flatMap((id) =>
    [1, 2, 3, 4, 5].flatMap((number) => [
      event('org-create-account-result', '444455556666', id, `created-${id}-${number}`),
      event('org-move-account', '999900001111', id, `moved-${id}-${number}`),
    ]),
  );
  return [...once, ...once, ...once]
    .map((body) => ({ body, at: draw() }))
    .sort((a, b) => a.at - b.at)
    .map(({ body }) => body);
}

async function deliver(stage: FaultStage, bodies: readonly string[]): Promise<void> {
  const sqs = new SQSClient(stage.sandbox.root(stage.sandbox.organization.hubAccountId));
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'portcullis-lifecycle' }));
  for (let at = 0; at < bodies.length; at += 10) {
    const Entries = bodies
      .slice(at, at + 10)
      .map((body, index) => ({ Id: String(index), MessageBody: body }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  sqs.destroy();
}

describe(`a roll-out while work is handed out again, seed ${plan.seed}`, () => {
  test('records each lifecycle event once, however often and in any order it is delivered', () =>
    rollOut({
      name: 'redelivered messages',
      async hurt(stage, id) {
        await until('the hub is made', 300, async () => (await progressed(stage, id, 2)) || undefined);
        const bodies = messages(stage);
        await deliver(stage, bodies);
        const received = async () => {
          const [row] = await stage.query<{ count: number }>(
            `select count(*)::int as count from lifecycle_event where id like 'created-%' or id like 'moved-%'`,
          );
          return row?.count === new Set(bodies).size ? true : undefined;
        };
        await until('every event is received', 300, received);
        say(`redelivered messages: ${bodies.length} of ${new Set(bodies).size} events`);
      },
      async afterwards(stage) {
        const rows = await stage.query<{ key: string; taken: number }>(
          `select key, count(distinct token)::int as taken from fault_lease where key like 'account-%' group by key`,
        );
        // Thirty messages each: how many of them find the key at work or waiting is a matter of time.
        expect(rows.filter(({ taken }) => taken > 20)).toEqual([]);
      },
    }));

  test('never works on a key twice at once where jobs under way are given out again', () =>
    rollOut({
      name: 'jobs given out again',
      async hurt(stage, id) {
        await until('the hub is made', 300, async () => (await progressed(stage, id, 2)) || undefined);
        let again = 0;
        for (const end = Date.now() + 40_000; Date.now() < end; await sleep(300)) {
          const rows = await stage.query(
            `update queue.job set state = 'retry', start_after = now()
             where state = 'active' and random() < 0.5 returning id`,
          );
          again += rows.length;
        }
        say(`jobs given out again: ${again}`);
        expect(again).toBeGreaterThan(0);
      },
    }));
});

import { expect, test, vi } from 'vitest';
import { createShutdown } from '../../../../controlplane/queue/shutdown.ts';
import { messageConsumers } from '../../../../controlplane/remediations/consumers.ts';
import type { Services } from '../../../../controlplane/services/services.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

test('messages of a hub that another installation has taken over stay in its queues', async () => {
  const calls: string[] = [];
  const sqs = { send: async ({ constructor: { name } }: object) => void calls.push(name) };
  const log = makeLogger('silent');
  const shutdown = createShutdown(log);
  const asked: (number | undefined)[] = [];
  const services = {
    aws: { caller: async () => ({ partition: 'aws' }), sqs: async () => sqs },
    settings: { hub: { accountId: '222222222222', region: 'eu-west-1' } },
    ...{ log, shutdown, store: {}, queue: {}, meter: {} },
  } as unknown as Services;
  const { lifecycle, results } = messageConsumers({
    ...services,
    installation: {
      async assertKnownOurs(withinMs) {
        asked.push(withinMs);
        throw new PortcullisError('other-installation', 'the hub belongs to another');
      },
    },
  });
  lifecycle.start();
  results.start();
  await vi.waitUntil(() => asked.length === 2);
  await shutdown.close();
  expect(calls).toEqual([]);
  // Not the answer of half a minute ago: what is taken after the hub was lost is in no record there.
  expect(Math.max(...asked.map((withinMs) => withinMs ?? Number.POSITIVE_INFINITY))).toBeLessThanOrEqual(
    5_000,
  );
});

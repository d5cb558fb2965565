import { vi } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import { keyWorker } from '../../../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';

const log = makeLogger('silent');

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
}, 60_000);

test('an enqueue of a held key is not lost, though its holder requeues it after an hour', async () => {
  const queue = keyQueue(database, openBoss(database, log, 1), log);
  await queue.start();
  const holder = openLeases(database, log);
  const held = await holder.acquire([{ key: 'hub' }]);
  await queue.enqueue(['hub']);
  const leases = openLeases(database, log);
  let fetched = 0;
  const worker = keyWorker({
    ...{ leases, log, concurrent: 1, pollMs: 20 },
    queue: {
      ...queue,
      async fetch(most) {
        const jobs = await queue.fetch(most);
        // The holder ends just now.
        if (jobs.length > 0 && fetched === 0) await queue.enqueueAfter([{ key: 'hub', afterMs: 3_600_000 }]);
        fetched += jobs.length;
        return jobs;
      },
    },
    async reconcile() {
      ran += 1;
      return { kind: 'ok' };
    },
  });
  let ran = 0;
  await worker.start();
  await until(async () => fetched > 0);
  await holder.release(held);
  await until(async () => ran === 1);
  await worker.stop(1_000);
  for (const each of [holder, leases]) await each.stop();
  await queue.stop();
});

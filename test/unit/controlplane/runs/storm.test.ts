import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import { keyWorker } from '../../../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { messageHandlers } from '../../../../controlplane/remediations/messages.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../../../controlplane/telemetry/metrics.ts';
import { databaseEngine, databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';

const log = makeLogger('silent');
const sample = readFileSync(
  new URL('../../../fixtures/lifecycle/org-create-account-result.eventbridge.json', import.meta.url),
  'utf8',
);
const { id: eventId } = JSON.parse(sample) as { id: string };

const kind = databaseEngine();
let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
}, 60_000);

const events = kind === 'pglite' ? 1_000 : 10_000;
test(`${events} events of 20 accounts whose keys are under way cost each key one more run`, {
  timeout: 240_000,
}, async () => {
  const queue = keyQueue(database, openBoss(database, log), log, { perAccount: 100 });
  await queue.start();
  const leases = openLeases(database, log);
  const runs = new Map<string, number>();
  let calm = () => {};
  const storm = new Promise<void>((done) => {
    calm = done;
  });
  const worker = keyWorker({
    ...{ queue, leases, log, concurrent: 50 },
    async reconcile(key) {
      runs.set(key, (runs.get(key) ?? 0) + 1);
      await storm;
      return { kind: 'ok' };
    },
  });
  await worker.start();
  const received = messageHandlers({ store: openStore(database), queue, log, meter: silentMeter });
  const about = (account: number) =>
    sample.replaceAll('444455556666', String(300_000_000_000 + account)).replaceAll(eventId, randomUUID());
  for (let account = 0; account < 20; account += 1) await received.lifecycle(about(account));
  await until(() => runs.size === 21);
  let left = events;
  const hear = async () => {
    while (left > 0) {
      left -= 1;
      await received.lifecycle(about(left % 20));
    }
  };
  await Promise.all(Array.from({ length: 8 }, hear));
  calm();
  const waiting = `select 1 from queue.job where name = 'key'`;
  await until(async () => (await database.query(waiting)).length === 0);
  await worker.stop(1_000);
  await leases.stop();
  await queue.stop();
  expect([...runs.values()]).toEqual(Array.from({ length: 21 }, () => 2));
});
